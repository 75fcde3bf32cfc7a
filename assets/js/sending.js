import { actionOf } from "./form-action.js"
import { say } from "./toast.js"

const wordsAfterMs = 1000
const hopelessMs = 15_000

// The words of a button while its form is on its way, and the message when that takes too long.
const words = {
  "/checkout": { busy: "Buying…", late: "There is no answer yet. You can try again: nothing is bought twice." },
}

// Watches forms on their way to another page: one at a time, so that no button is pressed twice. A
// button that has words for it says after a moment that it is busy. If the shopper or a script
// stops a submit, the button is as before, at the latest after some seconds. Resubmitting is safe:
// the shop buys no form twice.
export function watchForms() {
  let sent = null // the button of the form that is on its way
  let label = null // of that button, while it has other words
  let timers = []
  let settled = () => {}

  function begin(button, { busy, late } = {}) {
    sent = button
    button.setAttribute("aria-busy", "true")
    timers = [setTimeout(() => busy && rename(busy), wordsAfterMs), setTimeout(() => giveUp(late), hopelessMs)]
  }

  function rename(busy) {
    label = sent.textContent
    sent.textContent = busy
  }

  function giveUp(late) {
    if (late) say(late)
    end()
  }

  function end() {
    if (!sent) return
    timers.forEach(clearTimeout)
    if (label !== null) sent.textContent = label
    sent.removeAttribute("aria-busy")
    sent = label = null
    settled()
  }

  // on the window, after all who may prevent it
  window.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return
    const button = event.submitter ?? event.target.querySelector("button")
    if (!sent) return begin(button, words[actionOf(event)])

    event.preventDefault()
    if (button !== sent) say("One moment: what you pressed before is still on its way.")
  })
  window.navigation?.addEventListener("navigateerror", end)
  window.addEventListener("pageshow", ({ persisted }) => persisted && end()) // from the browser's memory

  return { underway: () => sent !== null, onSettled: (callback) => (settled = callback) }
}
