import { setAttribute } from "./paint.js"
import { pointsOf } from "./trend.js"

export const slotMs = 5000
const shown = 60
const kept = shown + 1 // the present one is not over, and not shown
const flat = "0,23 100,23"

// A line of how many pairs were sold in each slot of the last minutes. A slot is a number, one more
// than the one before.
export function createPace(line) {
  const counts = new Array(kept).fill(0) // that of slot n is at n % kept
  let present = 0

  // Missed slots count 0. When the clock was set elsewhere, all counts restart at 0.
  function reach(slot) {
    if (Math.abs(slot - present) >= kept) {
      counts.fill(0)
      present = slot
    }
    while (present < slot) counts[++present % kept] = 0
  }

  function add(pairs, slot) {
    reach(slot)
    counts[present % kept] += pairs
  }

  function busiest(slot) {
    reach(slot)
    return counts.reduce((most, count, at) => (at === present % kept ? most : Math.max(most, count)), 0)
  }

  // Draws the line, with most at the top. A product that did not sell costs nothing.
  function draw(slot, most) {
    setAttribute(line, "points", busiest(slot) === 0 ? flat : pointsOf(corners(), (shown - 1) * slotMs, most))
  }

  // On a straight line only its ends are needed.
  function corners() {
    const over = Array.from({ length: shown }, (_, i) => counts[(present - shown + i) % kept])
    return over
      .map((value, i) => ({ now: i * slotMs, value }))
      .filter(({ value }, i) => value !== over[i - 1] || value !== over[i + 1])
  }

  return { add, busiest, draw }
}
