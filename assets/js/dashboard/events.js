import { createKeyed } from "./keyed"
import { setText } from "./paint"
import { keysOf } from "./event-keys"

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })
const none = []

// What happened, the newest first. Once the first list stands there, a screen reader is told what comes.
export function createEvents(panel) {
  const list = panel.querySelector("ol")
  const show = createKeyed(list, panel.querySelector("template"), bind)
  const empty = panel.querySelector("[data-empty]")
  let seen = null

  return ({ events = none }) => {
    if (events === seen) return
    show(keysOf(events))
    empty.hidden = events.length > 0
    if (seen) list.parentElement.setAttribute("aria-live", "polite")
    seen = events
  }
}

function bind(row) {
  const time = row.querySelector("[data-time]")
  const words = row.querySelector("[data-text]")
  return ({ at, kind, text }) => {
    const when = new Date(at)
    row.dataset.kind = kind
    setText(time, clock.format(when))
    time.dateTime = when.toISOString()
    time.title = when.toLocaleString()
    setText(words, text)
  }
}
