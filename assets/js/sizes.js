import { wordsFor } from "./legend.js"

let held = new Set() // the items of the cart

const form = (block) => block.querySelector("form.size-container")

export function showsSizes(block) {
  return form(block) !== null
}

// Puts the fragment that the server made in place of "coming soon...". It is the very one a reload
// would show.
export function showSizes(block, html) {
  const soon = block.querySelector(".product-soon")
  if (!soon) return

  const fragment = document.createRange().createContextualFragment(html)
  fragment.firstElementChild.classList.add("size-container--arriving")
  soon.replaceWith(fragment)
  describeSizes(block)
}

// Marks on new buttons what the page knows and the server's fragment does not.
export function describeSizes(block) {
  if (!showsSizes(block)) return

  for (const button of form(block).elements) describe(button)
  showSoldOut(block)
}

export function showLevel(block, itemId, level) {
  const button = form(block)?.querySelector(`button[name=item_id][value="${itemId}"]`)
  if (!button) return

  const focused = button === document.activeElement
  button.className = `size-container__entry size-container__entry--level-${level}`
  button.disabled = level === "out"
  button.title = wordsFor(level)
  describe(button)
  showSoldOut(block)
  if (focused && button.disabled) focusNear(block, button)
}

// Marks the sizes that are in the cart.
export function showHeld(items) {
  held = new Set(items.map(({ id }) => String(id)))
  for (const button of document.querySelectorAll(".size-container__entry")) describe(button)
}

function describe(button) {
  const isHeld = held.has(button.value)
  const label = `Size ${button.textContent}, ${button.title}${isHeld ? ", in your cart" : ""}`
  if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label)
  button.toggleAttribute("data-in-cart", isHeld)
}

function showSoldOut(block) {
  block.querySelector("[data-sold-out]").hidden = [...form(block).elements].some((button) => !button.disabled)
}

// A button that is disabled loses the focus: the next size that is there gets it, else the one
// before, else the shoe.
function focusNear(block, button) {
  const sizes = [...button.form.querySelectorAll("button[name=item_id]")]
  const at = sizes.indexOf(button)
  const near = sizes.slice(at).find((size) => !size.disabled) ?? sizes.slice(0, at).findLast((size) => !size.disabled)
  const name = block.querySelector(".product-listing__name")
  const next = near ?? name.querySelector("a") ?? name
  if (next === name) name.tabIndex = -1 // a heading gets it only when allowed to
  next.focus()
}
