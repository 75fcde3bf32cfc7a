// The words for a level stand in the page's legend, and only there.
export function wordsFor(level) {
  const entry = document.querySelector(`[data-level="${level}"]`)
  return entry ? entry.textContent : level
}
