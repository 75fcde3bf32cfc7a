import { createKeyed } from "./keyed.js"
import { setText } from "./paint.js"
import { keysOf } from "./event-keys.js"

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })
const none = []

const settledMs = 1000

// What happened, the newest first. A screen reader is told what comes, but not the list of a state that is all new: that is no
// news. It reads changes some moments after they were made.
export function createEvents(panel) {
  const list = panel.querySelector("ol")
  const log = list.parentElement
  const show = createKeyed(list, panel.querySelector("template"), bind)
  const empty = panel.querySelector("[data-empty]")
  let whole = null
  let seen = null
  let settling = null

  function silence() {
    log.setAttribute("aria-live", "off")
    clearTimeout(settling)
    settling = setTimeout(() => log.setAttribute("aria-live", "polite"), settledMs)
  }

  return (state) => {
    if (state !== whole) silence()
    whole = state
    const { events = none } = state
    if (events === seen) return
    show(keysOf(events))
    empty.hidden = events.length > 0
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
