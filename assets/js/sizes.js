import { wordsFor } from "./legend"

const form = (block) => block.querySelector("form.size-container")

export function showsSizes(block) {
  return form(block) !== null
}

// Puts the fragment that the server made in place of "coming soon...". It is the very one a reload would show.
export function showSizes(block, html) {
  const soon = block.querySelector(".product-soon")
  if (!soon) return

  const fragment = document.createRange().createContextualFragment(html)
  fragment.firstElementChild.classList.add("size-container--arriving")
  soon.replaceWith(fragment)
}

export function showLevel(block, itemId, level) {
  const button = form(block)?.querySelector(`button[name=item_id][value="${itemId}"]`)
  if (!button) return

  const focused = button === document.activeElement
  const words = wordsFor(level)
  button.className = `size-container__entry size-container__entry--level-${level}`
  button.disabled = level === "out"
  button.title = words
  button.setAttribute("aria-label", `Size ${button.textContent}, ${words}`)
  if (focused && button.disabled) focusNear(block, button)
}

// A button that is disabled loses the focus: the next size that is there gets it, else the one before, else the shoe.
function focusNear(block, button) {
  const sizes = [...button.form.querySelectorAll("button[name=item_id]")]
  const at = sizes.indexOf(button)
  const near = sizes.slice(at).find((size) => !size.disabled) ?? sizes.slice(0, at).findLast((size) => !size.disabled)
  const name = block.querySelector(".product-listing__name")
  const next = near ?? name.querySelector("a") ?? name
  if (next === name) name.tabIndex = -1 // a heading gets it only when allowed to
  next.focus()
}
