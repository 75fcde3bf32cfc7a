import { nameOf } from "./cart-line.js"
import { takeAway } from "./flash.js"
import { actionOf } from "./form-action.js"
import { sessionAnswers } from "./session.js"
import { offer, say, silence } from "./toast.js"

// Lets the forms of the pages change the cart without leaving the page. While there is no channel
// they are what they always are: forms.
export function changeByForms(cart) {
  document.addEventListener("submit", (event) => {
    const { submitter, target: form } = event
    const change = changes[actionOf(event)]
    if (!submitter || !change || !cart.ready()) return

    event.preventDefault()
    takeAway(form.closest(".flash"))
    silence()
    change(cart, submitter)
  })
}

// Keeps forms from leading to nowhere while there is no shop to answer them.
export function sendOnlyIfAnswered(cart) {
  let answered = null // that is sent after all
  document.addEventListener("submit", (event) => {
    const { submitter, target: form } = event
    const ours = changes[actionOf(event)] || actionOf(event)?.startsWith("/checkout")
    if (event.defaultPrevented || !submitter || submitter === answered || !ours || !cart.lost()) return

    event.preventDefault()
    sendIfAnswered(form, submitter)
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
  const line = cart.line(id)
  const name = line ? nameOf(line) : "The shoe"
  waitFor(button.closest(".cart-item") ?? button, cart.push("remove_item", { item_id: id }))
    .receive("ok", () => say(`${name} was removed.`, null, name))
    .receive("error", ({ error }) => say(words[error] ?? words.other))
}

// Marks the clicked element as busy until the push is answered or times out.
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

function tellAdded(line, button) {
  const { out_of_stock, released } = line
  let more = ""
  if (!released) more = " It can be bought when it is released."
  if (out_of_stock) more = " It is sold out, and can be bought if it comes back."
  say(`${nameOf(line)} is in your cart.${more}`, button, nameOf(line))
}

function tellRefused(cart, button, { error, item_id }) {
  const held = cart.line(item_id)
  if (error !== "duplicate_product" || !held) return say(words[error] ?? words.other, button)

  const swap = { words: `Swap for size ${button.textContent}`, itemId: Number(button.value) }
  offer(`You have ${held.name} in size ${held.size}. You can have one size of each shoe.`, swap, button)
}

const words = {
  duplicate_item: "That is in your cart already.",
  cart_full: "Your cart is full. Remove a pair first.",
  too_fast: "That was fast. Wait a second, then try again.",
  not_found: "That is not there any more.",
  other: "That did not work. Try again in a moment.",
}
