import { say, silence } from "./toast.js"

// Lets the forms of the pages change the cart without leaving the page. While there is no channel they are what they
// always are: forms.
export function changeByForms(cart) {
  document.addEventListener("submit", (event) => {
    const { submitter, target: form } = event
    const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action")
    const change = changes[action]
    if (!change || !submitter || !cart.ready()) return

    event.preventDefault()
    const offered = form.closest("[data-offer]") !== null
    form.closest(".flash")?.remove()
    silence()
    change(cart, submitter, offered)
  })
}

const changes = {
  "/cart/add": (cart, button) => add(cart, button, false),
  "/cart/add?replace=true": (cart, button, offered) => add(cart, button, true, offered),
  "/cart/remove": remove,
}

// What was offered is gone with its button: the focus goes to the line that came of it.
function add(cart, button, replace, offered = false) {
  const id = Number(button.value)
  waitFor(button, cart.push("add_item", { item_id: id, replace }))
    .receive("ok", () => {
      if (offered) document.querySelector(`.cart-item[data-item-id="${id}"]`)?.focus()
      tellAdded(cart.line(id))
    })
    .receive("error", (refusal) => tellRefused(cart, id, button.textContent, refusal))
}

function remove(cart, button) {
  const id = Number(button.value)
  const { name, size } = cart.line(id) ?? { name: "The shoe" }
  waitFor(button.closest(".cart-item"), cart.push("remove_item", { item_id: id }))
    .receive("ok", () => say(`${name}${size ? `, size ${size}` : ""} is out of your cart.`))
    .receive("error", ({ error }) => say(words[error] ?? words.other))
}

// What was clicked shows at once that something happens, and is as before if it did not.
function waitFor(element, push) {
  const settle = () => element.removeAttribute("aria-busy")
  element.setAttribute("aria-busy", "true")
  return push
    .receive("ok", settle)
    .receive("error", settle)
    .receive("timeout", () => {
      settle()
      say("That did not get through. Look at your cart before you try again.")
    })
}

function tellAdded({ name, size, out_of_stock, released }) {
  let more = ""
  if (!released) more = " It can be bought when it is released."
  if (out_of_stock) more = " It is sold out, and can be bought if it comes back."
  say(`${name}, size ${size} is in your cart.${more}`)
}

function tellRefused(cart, id, size, { error, item_id }) {
  const held = cart.line(item_id)
  if (error !== "duplicate_product" || !held) return say(words[error] ?? words.other)

  say(`You have ${held.name} in size ${held.size}: one size of each shoe.`, { words: `Swap for size ${size}`, itemId: id })
}

const words = {
  duplicate_item: "That is in your cart already.",
  cart_full: "Your cart is full. Take a pair out first.",
  too_fast: "That was fast. Wait a second, then try again.",
  not_found: "That is not there any more.",
  other: "That did not work. Try again in a moment.",
}
