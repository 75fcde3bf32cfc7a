import { sessionAnswers } from "./session.js"
import { offer, say, silence } from "./toast.js"

// Lets the forms of the pages change the cart without leaving the page. While there is no channel they are what they
// always are: forms, which are kept from leading to nowhere while there is no shop to answer them.
export function changeByForms(cart) {
  let answered = null // that is sent after all
  document.addEventListener("submit", (event) => {
    const { submitter, target: form } = event
    const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action")
    const change = changes[action]
    if (!submitter || submitter === answered) return
    if (change && cart.ready()) {
      event.preventDefault()
      takeAway(form.closest(".flash"))
      silence()
      change(cart, submitter)
    } else if ((change || action === "/checkout/cart") && cart.lost()) {
      event.preventDefault()
      sendIfAnswered(form, submitter)
    }
  })

  async function sendIfAnswered(form, button) {
    button.setAttribute("aria-busy", "true")
    const there = await sessionAnswers()
    button.removeAttribute("aria-busy")
    if (!there) return say("We are not connected. Try again in a moment.", button)
    if (button.form !== form) return

    answered = button
    form.requestSubmit(button)
    answered = null
  }
}

// The focus must not go with it.
function takeAway(flash) {
  if (flash?.contains(document.activeElement)) document.querySelector("#main").focus()
  flash?.remove()
}

const changes = {
  "/cart/add": (cart, button) => add(cart, button, false),
  "/cart/add?replace=true": (cart, button) => add(cart, button, true),
  "/cart/remove": remove,
}

function add(cart, button, replace) {
  const id = Number(button.value)
  waitFor(button, cart.push("add_item", { item_id: id, replace }))
    .receive("ok", () => tellAdded(cart.line(id), button))
    .receive("error", (refusal) => tellRefused(cart, button, refusal))
}

function remove(cart, button) {
  const id = Number(button.value)
  const { name, size } = cart.line(id) ?? { name: "The shoe" }
  waitFor(button.closest(".cart-item") ?? button, cart.push("remove_item", { item_id: id }))
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

function tellAdded({ name, size, out_of_stock, released }, button) {
  let more = ""
  if (!released) more = " It can be bought when it is released."
  if (out_of_stock) more = " It is sold out, and can be bought if it comes back."
  say(`${name}, size ${size} is in your cart.${more}`, button)
}

function tellRefused(cart, button, { error, item_id }) {
  const held = cart.line(item_id)
  if (error !== "duplicate_product" || !held) return say(words[error] ?? words.other, button)

  const swap = { words: `Swap for size ${button.textContent}`, itemId: Number(button.value) }
  offer(`You have ${held.name} in size ${held.size}: one size of each shoe.`, swap, button)
}

const words = {
  duplicate_item: "That is in your cart already.",
  cart_full: "Your cart is full. Take a pair out first.",
  too_fast: "That was fast. Wait a second, then try again.",
  not_found: "That is not there any more.",
  other: "That did not work. Try again in a moment.",
}
