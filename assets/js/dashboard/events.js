import { momentBeside, momentOf, zoneOf } from "../moment.js"
import { createKeyed } from "./keyed.js"
import { setText } from "./paint.js"
import { keysOf } from "./event-keys.js"

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })
const none = []

const settledMs = 1000

// Lists the events, the newest first. Screen readers announce new entries, but not the list of a
// state that is all new. They read changes some moments after they were made.
export function createEvents(panel) {
  const list = panel.querySelector("ol")
  const log = list.parentElement
  const show = createKeyed(list, panel.querySelector("template"), bind)
  const empty = panel.querySelector("[data-empty]")
  const zone = panel.querySelector("[data-zone]")
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
    setText(zone, zoneOf(new Date()))
    empty.hidden = events.length > 0
    seen = events
  }
}

function bind(row) {
  const time = row.querySelector("[data-time]")
  const words = row.querySelector("[data-text]")
  return (event) => {
    const at = new Date(event.at)
    row.dataset.kind = event.kind
    setText(time, clock.format(at))
    time.dateTime = at.toISOString()
    time.title = momentOf(at)
    setText(words, sentenceOf(event))
  }
}

// A sentence goes on with the moment that it is about, in the reader's zone, and with who did it.
export function sentenceOf({ at, text, when, by }) {
  return `${text}${when ? ` ${momentBeside(new Date(when), new Date(at))}` : ""}${by ? `, by ${by}` : ""}`
}
