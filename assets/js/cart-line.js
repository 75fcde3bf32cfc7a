import { wordsFor } from "./legend.js"
import { priceOf } from "./price.js"

// Names a line of the cart in words.
export function nameOf({ name, size }) {
  return `${name}, size ${size}`
}

// Makes or brings up to date one line of the cart, from the templates of the page, which made its
// first lines too.
export function showLine(box, line, item) {
  line ??= clone(box, "[data-cart-line]")
  line.dataset.itemId = item.id
  line.dataset.productId = item.product_id
  line.classList.toggle("cart-item-out", item.out_of_stock)
  showArt(line.querySelector("img"), item.main_image_url)
  write(line, "[data-cart-name]", item.name)
  write(line, "[data-cart-color]", item.color)
  write(line, "[data-cart-size-name]", item.size)
  write(line, "[data-cart-price]", priceOf(item.price_usd))
  line.querySelector("[data-cart-out]").hidden = !item.out_of_stock
  line.querySelector("[data-cart-soon]").hidden = item.released
  line.querySelector("[data-cart-paused]").hidden = !item.paused
  nameButton(line.querySelector(".cart-item__remove"), item.id, `Remove ${nameOf(item)}`)
  showOthers(box, line, othersOf(item))
  return line
}

// The sizes that may be taken instead of one that is sold out.
export function othersOf({ sizes = [] }) {
  return sizes.filter(({ level }) => level !== "out")
}

function clone(box, template) {
  return box.querySelector(`template${template}`).content.firstElementChild.cloneNode(true)
}

function write(line, selector, text) {
  const element = line.querySelector(selector)
  if (element.textContent !== text) element.textContent = text
}

function showArt(image, url) {
  if (image.getAttribute("src") !== url) image.src = url
}

function nameButton(button, itemId, label) {
  button.value = itemId
  button.dataset.itemId = itemId
  button.setAttribute("aria-label", label)
}

// Buttons that stay are not touched: one of them may have the focus.
function showOthers(box, line, sizes) {
  const list = line.querySelector("[data-cart-others]")
  const shown = new Map([...list.children].map((button) => [button.value, button]))
  const buttons = sizes.map((size) => showSize(box, shown.get(String(size.item_id)), size))
  const gone = [...shown.values()].filter((button) => !buttons.includes(button))
  if (gone.includes(document.activeElement)) line.focus()
  for (const button of gone) button.remove()
  buttons.forEach((button, i) => list.children[i] === button || list.insertBefore(button, list.children[i] ?? null))
  list.parentElement.hidden = sizes.length === 0
  line.querySelector("[data-cart-left]").hidden = sizes.length === 0
  line.querySelector("[data-cart-none]").hidden = sizes.length > 0
}

function showSize(box, button, { item_id, size, level }) {
  button ??= clone(box, "[data-cart-size]")
  button.className = `cart-item__size-entry cart-item__size-entry--level-${level}`
  button.value = item_id
  button.textContent = size
  button.setAttribute("aria-label", `Take size ${size} instead, ${wordsFor(level)}`)
  return button
}
