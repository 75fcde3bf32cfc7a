import { showsSizes } from "./sizes.js"

// A page that stays open keeps its shelves. Titles that say what is to come say what is there: on a
// shelf, once all its products are released; where there is no shelf, as long as a size of the page
// can be bought. The new words take no more lines than the old ones.
export function nameShelves() {
  for (const title of document.querySelectorAll("[data-when-on]")) {
    title.dataset.before ??= title.textContent
    const words = isOn(title.closest("section")) ? title.dataset.whenOn : title.dataset.before
    if (title.textContent === words) continue

    title.style.minHeight = `${title.offsetHeight}px` // what stands below does not move
    title.textContent = words
  }
}

function isOn(shelf) {
  const own = [...shelf.querySelectorAll(".product-listing")]
  return own.length ? own.every(showsSizes) : document.querySelector(".size-container button:enabled") !== null
}
