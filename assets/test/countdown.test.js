import assert from "node:assert/strict"
import { beforeEach, mock, test } from "node:test"

process.env.TZ = "Europe/Berlin" // before a format is made
const { countDown, showSchedule } = await import("../js/countdown.js")
const { learnTime } = await import("../js/server-clock.js")

const hour = 60 * 60 * 1000
const right = Date.parse("2031-05-02T16:00:00.000Z") // of the server, when a test begins
const due = "2031-05-02T18:00:00Z"

let time
let beside
let block

// The device's clock is three hours fast, until a test sets it.
beforeEach(() => {
  mock.timers.reset()
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: right + 3 * hour })
  beside = { textContent: "" }
  const parentElement = { querySelector: () => beside }
  time = { dateTime: due, textContent: "2 May 2031, 18:00 UTC", isConnected: true, parentElement }
  block = { querySelector: () => time }
})

const iso = (ms) => new Date(ms).toISOString()

test("before the server has told its time, the moment is shown and nothing is counted", () => {
  countDown(time)
  assert.match(time.textContent, /^2 May 2031.*20:00 (CEST|GMT\+2)$/)
  assert.equal(beside.textContent, "")
  mock.timers.tick(hour)
  assert.match(time.textContent, /20:00/)
})

test("a device that is hours fast counts as the server does", () => {
  countDown(time)
  learnTime(iso(right), Date.now() - 100, Date.now() + 100)
  assert.equal(time.textContent, "02:00:00")
  assert.match(beside.textContent, /20:00 (CEST|GMT\+2)$/)
  mock.timers.tick(2 * hour - 1000)
  assert.equal(time.textContent, "00:00:01")
  mock.timers.tick(1000)
  assert.equal(time.textContent, "any moment now")
})

test("the quickest answer is believed, until one contradicts it", () => {
  countDown(time)
  const asked = Date.now()
  learnTime(iso(right), asked, asked)
  learnTime(iso(right + 900), asked - 1000, asked + 1000)
  assert.equal(time.textContent, "02:00:00", "a slow answer knows it worse")
  mock.timers.setTime(right) // the user sets the clock right
  learnTime(iso(right), right - 1000, right + 1000)
  assert.equal(time.textContent, "02:00:00")
  for (const nonsense of [undefined, "", "soon"]) learnTime(nonsense, right, right)
  assert.equal(time.textContent, "02:00:00")
})

test("a release is moved, and called off", () => {
  learnTime(iso(right), Date.now(), Date.now())
  countDown(time)
  showSchedule(block, "2031-05-03T18:00:00Z")
  assert.equal(time.textContent, "1d 02:00:00")
  assert.match(beside.textContent, /^3 May/)
  showSchedule(block, null)
  assert.equal(time.hidden, true)
  assert.equal(beside.textContent, "")
})
