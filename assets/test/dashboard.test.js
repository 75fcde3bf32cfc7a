import assert from "node:assert/strict"
import { test } from "node:test"
import { byNumber } from "../js/dashboard/by-number.js"
import { keysOf } from "../js/dashboard/event-keys.js"
import { levelOf, shareOf } from "../js/dashboard/levels.js"
import { merge, replace } from "../js/dashboard/merge.js"
import { briefMoney, counted, grouped, money } from "../js/dashboard/numbers.js"
import { pointsOf } from "../js/dashboard/trend.js"

const plain = (value) => JSON.parse(JSON.stringify(value))

test("a change is merged object by object", () => {
  const state = replace({
    shoppers: 1,
    pages: { "/": 2, "/a": 1 },
    items: { 1: { in_carts: 1, sold: 2 } },
    nodes: [1, 2],
  })
  merge(state, { shoppers: 3, pages: { "/": 0, "/b": 4 }, items: { 1: { sold: 3 }, 2: { sold: 1 } }, nodes: [3] })
  assert.deepEqual(plain(state), {
    shoppers: 3,
    pages: { "/a": 1, "/b": 4 },
    items: { 1: { in_carts: 1, sold: 3 }, 2: { sold: 1 } },
    nodes: [3],
  })
  merge(state, { items: { 1: null } })
  assert.deepEqual(plain(state.items), { 2: { sold: 1 } })
})

test("a page may have any name", () => {
  const state = replace(JSON.parse('{"pages": {"__proto__": 2, "constructor": 1}}'))
  merge(state, JSON.parse('{"pages": {"__proto__": 3, "toString": 1}}'))
  assert.deepEqual(byNumber(state.pages), [
    ["__proto__", 3],
    ["constructor", 1],
    ["toString", 1],
  ])
  assert.equal({}.polluted, undefined)
})

test("what is equal keeps its place", () => {
  assert.deepEqual(byNumber({ b: 1, a: 1, c: 5 }), [
    ["c", 5],
    ["a", 1],
    ["b", 1],
  ])
  assert.deepEqual(byNumber({ b: 1, a: 1, c: 5 }, "c"), [
    ["a", 1],
    ["b", 1],
    ["c", 5],
  ])
})

test("a newer event changes no key", () => {
  const one = { at: 1, kind: "back", text: "x" }
  const keys = (events) => keysOf(events).map(([key]) => key)
  const before = keys([one, one])
  assert.equal(new Set(before).size, 2)
  assert.deepEqual(keys([one, one, one]).slice(1), before)
  const other = { ...one, at: 2 }
  assert.deepEqual(
    keysOf([other, one]).map(([, event]) => event),
    [other, one],
  )
})

test("levels are those of the shop", () => {
  const thresholds = { medium: 150, high: 500 }
  const levels = [0, 1, 149, 150, 499, 500].map((available) => levelOf(available, thresholds))
  assert.deepEqual(levels, ["out", "low", "low", "medium", "medium", "high"])
  assert.equal(shareOf({ available: 1, sold: 9999 }), 1)
  assert.equal(shareOf({ available: 0, sold: 0 }), 0)
})

test("numbers are written as the page writes them", () => {
  assert.deepEqual(
    [grouped(1234567), money(120000), money(12050), counted(1, "pair"), counted(2, "pair")],
    ["1,234,567", "$1,200", "$120.50", "1 pair", "2 pairs"],
  )
  assert.deepEqual(
    [briefMoney(12050), briefMoney(148_416_050), money(148_416_050)],
    ["$120.50", "$1,484,161", "$1,484,160.50"],
  )
})

test("the present is at the right edge of a trend", () => {
  const now = 1_000_000
  assert.equal(
    pointsOf(
      [
        { now: now - 150_000, value: 0 },
        { now: now - 75_000, value: 5 },
        { now, value: 10 },
      ],
      now,
    ),
    "0,23 50,12 100,1",
  )
  assert.equal(
    pointsOf(
      [
        { now: now - 15_000, value: 2 },
        { now, value: 2 },
      ],
      now,
    ),
    "75,1 100,1",
    "a page that was just opened",
  )
  assert.equal(pointsOf([], now), "")
})
