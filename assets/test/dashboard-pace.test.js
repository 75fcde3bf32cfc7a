import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"
import { createPaces } from "../js/dashboard/paces.js"
import { keepState } from "../js/dashboard/state.js"
import { ChannelStub, Element, holdFrames } from "./page.js"

const slot = 5000
const flat = "0,23 100,23"
let channel
let live

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000_000 })
  channel = new ChannelStub()
  live = true
  holdFrames() // nothing is painted, and none of it waits for that
})

afterEach(() => mock.timers.reset())

// Products with the sizes of these ids, and the sizes' lines; the line of all is that of "all" and
// the first id.
function follow(...products) {
  const lines = {}
  const cards = products.map((ids) => {
    const element = new Element()
    lines[`all${ids[0]}`] = element.querySelector("tfoot polyline")
    const sizes = ids.map((id) => {
      const row = new Element()
      lines[id] = row.querySelector("polyline")
      return { id: String(id), row }
    })
    return { element, sizes }
  })
  keepState(channel, [createPaces(cards, () => live)], [])
  return lines
}

const sold = (items) =>
  Object.fromEntries(
    Object.entries(items).map(([id, sold]) => [id, sold === null ? null : { in_carts: 0, available: 9, sold }]),
  )
const state = (items) => channel.tell("state", { items: sold(items) })
const change = (items) => channel.tell("change", { items: sold(items) })
const points = (line) => line.getAttribute("points")
const heights = (line) =>
  points(line)
    .split(" ")
    .map((point) => Number(point.split(",")[1]))
const top = (line) => Math.min(...heights(line))
const next = () => mock.timers.tick(slot)

test("what was sold in a slot is shown when it is over, and goes to the left until it is forgotten", () => {
  const lines = follow([1, 2])
  state({ 1: 700, 2: 800 })
  assert.deepEqual([points(lines[1]), points(lines.all1)], [flat, flat])
  change({ 1: 704 })
  change({ 1: 710 })
  assert.equal(points(lines[1]), flat)
  next()
  assert.equal(points(lines[1]), "0,23 98.3,23 100,1")
  next()
  assert.equal(points(lines[1]), "0,23 96.6,23 98.3,1 100,23")
  for (let i = 0; i < 58; i += 1) next()
  assert.equal(points(lines[1]), "0,1 1.7,23 100,23")
  for (let i = 0; i < 3; i += 1) {
    next()
    assert.equal(points(lines[1]), flat)
  }
})

test("the sizes of a product have one scale, and all of them theirs", () => {
  const lines = follow([1, 2], [3])
  state({ 1: 0, 2: 0, 3: 0 })
  change({ 1: 10, 2: 20, 3: 6 })
  change({ 2: 40 })
  next()
  assert.deepEqual([top(lines[1]), top(lines[2]), top(lines[3])], [17.5, 1, 1])
  assert.deepEqual([top(lines.all1), top(lines.all3)], [1, 1])
  change({ 2: 1000 })
  state({ 1: 10, 2: 1000, 3: 6 })
  assert.deepEqual([top(lines[1]), top(lines[2])], [17.5, 1], "a slot that is not over counts for nothing")
  for (let i = 0; i < 60; i += 1) next()
  change({ 1: 11 })
  next()
  assert.ok(top(lines[1]) > 15, "one pair is no peak")
})

test("cancelled orders are no sales, and nor is what was sold meanwhile, elsewhere or before", () => {
  const lines = follow([1, 2, 3])
  state({ 1: 100, 2: 100 })
  change({ 1: 90 })
  change({ 3: 500, 4: 5 }) // sizes that are new, one of them to the page
  next()
  assert.deepEqual(
    [1, 2, 3, "all1"].map((id) => points(lines[id])),
    [flat, flat, flat, flat],
  )
  change({ 1: 95 })
  change({ 2: null })
  change({ 2: 100 })
  next()
  assert.equal(points(lines[1]), "0,23 98.3,23 100,1")
  live = false
  for (let i = 0; i < 5; i += 1) next()
  assert.equal(points(lines[1]), "0,23 98.3,23 100,1", "it stands still while the page is not live")
  live = true
  state({ 1: 9000, 2: 9000 })
  assert.equal(points(lines[1]), "0,23 89.8,23 91.5,1 93.2,23 100,23")
  next()
  assert.deepEqual([top(lines[1]), points(lines[2]), top(lines.all1)], [1, flat, 1])
  state({}) // of a node that has not read its products yet
  change({ 1: 20_000 })
  next()
  assert.deepEqual(heights(lines[1]).slice(-2), [23, 23])
})

test("slots that were missed are empty, and a clock that is set elsewhere begins anew", () => {
  const lines = follow([1])
  state({ 1: 0 })
  change({ 1: 10 })
  mock.timers.setTime(Date.now() + 10 * slot)
  change({ 1: 15 })
  next()
  assert.equal(points(lines[1]), "0,23 81.4,23 83.1,1 84.7,23 98.3,23 100,12")
  mock.timers.setTime(900_000_000)
  change({ 1: 20 })
  mock.timers.setTime(900_000_000 + slot)
  state({ 1: 20 }) // draws: the timers of this test go by its clock
  assert.equal(points(lines[1]), "0,23 98.3,23 100,1")
})

test("hundreds of sizes have one timer, and those that did not sell are not touched", () => {
  const timers = mock.method(globalThis, "setTimeout")
  const ids = Array.from({ length: 312 }, (_, i) => i + 1)
  const lines = follow(ids)
  assert.equal(timers.mock.callCount(), 1)
  state(Object.fromEntries(ids.map((id) => [id, 5])))
  change({ 7: 10 })
  for (const line of Object.values(lines)) line.touched = 0
  next()
  assert.deepEqual(
    Object.keys(lines).filter((id) => lines[id].touched > 0),
    ["7", "all1"],
  )
  assert.equal(timers.mock.callCount(), 2)
  timers.mock.restore()
})
