import assert from "node:assert/strict"
import { test } from "node:test"
import { createKeyed } from "../js/dashboard/keyed.js"
import { minutesUntil, wordsFor, wordsForMinute } from "../js/dashboard/last-hour.js"
import { coalesce, setAttribute, setText } from "../js/dashboard/paint.js"

// A list that counts how often it is touched.
class List {
  rows = []
  touched = 0
  get firstElementChild() {
    return this.rows[0] ?? null
  }
  insertBefore(row, next) {
    this.touched += 1
    this.rows = this.rows.filter((other) => other !== row)
    this.rows.splice(next ? this.rows.indexOf(next) : this.rows.length, 0, row)
  }
}

function keyed() {
  const list = new List()
  const make = () => ({
    shown: null,
    get nextElementSibling() {
      return list.rows[list.rows.indexOf(this) + 1] ?? null
    },
    remove() {
      list.rows = list.rows.filter((row) => row !== this)
    },
  })
  const template = { content: { firstElementChild: { cloneNode: make } } }
  const show = createKeyed(list, template, (row) => (data) => (row.shown = data))
  return {
    list,
    show: (text) => show([...text].map((key) => [key, key.toUpperCase()])),
    text: () => list.rows.map((row) => row.shown).join(""),
  }
}

test("rows are as the entries are, in their order", () => {
  const { show, text } = keyed()
  for (const entries of ["abc", "", "cab", "cdab", "b", "xbyaz", "zyxab"]) {
    show(entries)
    assert.equal(text(), entries.toUpperCase())
  }
})

test("a row is the same until its key goes, and is not touched where it stands", () => {
  const { list, show } = keyed()
  show("abcd")
  const [a, b] = list.rows
  list.touched = 0
  show("abcd")
  assert.equal(list.touched, 0)
  show("xabc")
  assert.equal(list.touched, 1, "a new one above moves no other")
  assert.deepEqual(list.rows.slice(1, 3), [a, b])
  show("b")
  show("ab")
  assert.notEqual(list.rows[0], a)
  assert.equal(list.rows[1], b)
})

test("what comes before a frame is painted once, with it", () => {
  const frames = []
  globalThis.requestAnimationFrame = (frame) => frames.push(frame)
  let painted = 0
  const paint = coalesce(() => (painted += 1))
  for (let i = 0; i < 9; i += 1) paint()
  assert.deepEqual([frames.length, painted], [1, 0])
  frames.pop()()
  assert.equal(painted, 1)
  paint()
  frames.pop()()
  assert.equal(painted, 2)
})

test("what says it already is not touched", () => {
  let touched = 0
  const node = {
    get textContent() {
      return "1"
    },
    set textContent(_) {
      touched += 1
    },
    getAttribute: () => "1",
    setAttribute: () => (touched += 1),
  }
  setText(node, "1")
  setAttribute(node, "width", "1")
  assert.equal(touched, 0)
  setText(node, "2")
  setAttribute(node, "width", "2")
  assert.equal(touched, 2)
})

test("the last hour is told in words", () => {
  const clock = (seconds) => `${seconds / 60}'`
  const times = minutesUntil(180_000, 3)
  assert.deepEqual(times, [60, 120, 180])
  const quiet = { orders: 0, revenue_cents: 0 }
  assert.equal(wordsFor([quiet, quiet, quiet], times, clock), "No orders in the last hour.")
  const minutes = [{ orders: 2, revenue_cents: 24_000 }, { orders: 1000, revenue_cents: 12_000_050 }, quiet]
  assert.equal(wordsFor(minutes, times, clock), "1,002 orders, $120,240.50. The busiest minute: 1,000 orders at 2'.")
  assert.equal(wordsForMinute({ orders: 1, revenue_cents: 12_000 }, 60, clock), "1': 1 order, $120.")
})
