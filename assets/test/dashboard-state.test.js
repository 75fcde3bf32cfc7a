import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"
import { keepState } from "../js/dashboard/state.js"
import { createSums } from "../js/dashboard/sums.js"
import { createTrend } from "../js/dashboard/trend.js"
import { ChannelStub, Element, holdFrames } from "./page.js"

const second = 1000
let channel
let frame

beforeEach(() => {
  mock.timers.enable({ apis: ["setInterval", "Date"], now: 1_000_000_000 })
  channel = new ChannelStub()
  frame = holdFrames()
})

afterEach(() => mock.timers.reset())

test("a state replaces all that is known, a change is merged, and both are noted at once", () => {
  const noted = []
  const shown = []
  const plain = (value) => value && JSON.parse(JSON.stringify(value))
  keepState(channel, [(state, some) => noted.push([plain(state), some])], [(state) => shown.push(plain(state))])
  channel.tell("change", { shoppers: 9 })
  channel.tell("state", { shoppers: 1, pages: { "/": 1 } })
  channel.tell("change", { pages: { "/a": 2 } })
  assert.deepEqual(noted, [
    [{ shoppers: 1, pages: { "/": 1 } }, undefined],
    [{ shoppers: 1, pages: { "/": 1, "/a": 2 } }, { pages: { "/a": 2 } }],
  ])
  assert.deepEqual(shown, [])
  frame()
  channel.tell("state", { pages: { "/b": 1 } }) // of another node, to which the page has come
  frame()
  assert.deepEqual(shown, [{ shoppers: 1, pages: { "/": 1, "/a": 2 } }, { pages: { "/b": 1 } }])
})

test("the numbers at the top are what they say", () => {
  const tiles = new Element()
  keepState(channel, [], [createSums(tiles, () => true).show])
  const minute = { orders: 2, revenue_cents: 24_000 }
  channel.tell("state", {
    shoppers: 1200,
    tabs: 1300,
    orders: { count: 7, revenue_cents: 84_000, per_minute: [{}, minute] },
    items: { 1: { in_carts: 1, available: 20, sold: 300 }, 2: { in_carts: 3, available: 1040, sold: 5000 } },
  })
  frame()
  const said = ["tabs", "orders", "orders-now", "revenue", "revenue-now", "left", "sold", "in-carts"]
  assert.deepEqual(
    said.map((name) => tiles.querySelector(`[data-${name}]`).textContent),
    ["1,300 tabs", "7", "2", "$840", "$240", "1,060", "5,300", "4"],
  )
  assert.equal(tiles.querySelector("#shopper-count").textContent, "1,200")
})

test("a peak in a hidden tab is seen, though nothing is painted and timers sleep", () => {
  for (const sleeping of [false, true]) {
    const tiles = new Element()
    const sums = createSums(tiles, () => !sleeping)
    keepState(channel, [sums.note], [sums.show])
    channel.tell("state", { shoppers: 10 })
    for (let at = 1; at <= 240; at += 1) {
      mock.timers.tick(second)
      channel.tell("change", { shoppers: at <= 120 ? 10 + 40 * at : 4810 - 40 * (at - 120) })
    }
    assert.equal(tiles.querySelector("[data-peak]").textContent, "4,810")
    const heights = pointsOf(tiles.querySelector("[data-trend]")).map(([, y]) => y)
    assert.ok(heights.at(-1) > 22 && heights.at(-30) < 15 && heights.length > 100, "the way down is there too")
  }
})

test("a trend samples seldom, notes a peak at once, and forgets", () => {
  const [line, peak] = [new Element(), new Element()]
  const trend = createTrend(line, peak)
  const start = Date.now()
  const many = () => pointsOf(line).length
  for (const [at, value] of [
    [0, 5],
    [250, 4],
    [500, 5],
    [750, 3],
  ])
    trend.note(value, start + at)
  assert.equal(many(), 1)
  trend.note(9, start + 1000)
  assert.deepEqual([many(), peak.textContent], [2, "9"])
  trend.note(1, start + 1000 + trend.everyMs)
  assert.equal(many(), 3)
  trend.sample(1, start + 302 * second)
  assert.deepEqual([many(), peak.textContent], [2, "1"])
})

test("a trend begins with what the server knows of the time before", () => {
  const tiles = new Element()
  keepState(channel, [createSums(tiles, () => true).note], [])
  channel.tell("state", { shoppers: 3, recent: { every_ms: 2000, shoppers: [1, 7, 2] } })
  assert.equal(tiles.querySelector("[data-peak]").textContent, "7")
  assert.equal(pointsOf(tiles.querySelector("[data-trend]")).length, 3)
  channel.tell("change", { shoppers: 9 })
  assert.equal(tiles.querySelector("[data-peak]").textContent, "9")
  assert.equal(pointsOf(tiles.querySelector("[data-trend]")).length, 4)
})

const pointsOf = (line) =>
  line
    .getAttribute("points")
    .split(" ")
    .map((point) => point.split(",").map(Number))
