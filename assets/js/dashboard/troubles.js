import { clockOf, momentOf } from "../moment.js"
import { createKeyed } from "./keyed.js"
import { setText } from "./paint.js"

const none = []

// Shows the faults that hinder selling, while they last. Screen readers announce them at once.
export function createTroubles(banner) {
  const show = createKeyed(banner.querySelector("ul"), banner.querySelector("template"), bind)
  let seen = null

  return ({ troubles = none }) => {
    if (troubles === seen) return
    seen = troubles
    show(troubles.map((trouble) => [trouble.fault, trouble]))
  }
}

function bind(row) {
  const words = row.querySelector("[data-text]")
  const time = row.querySelector("[data-since]")
  return ({ since, text }) => {
    const at = new Date(since)
    setText(words, text)
    setText(time, clockOf(at))
    time.dateTime = at.toISOString()
    time.title = momentOf(at)
  }
}
