import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"

process.env.TZ = "Europe/Berlin" // before a format is made
const { countDown, countDownAll, showSchedule } = await import("../js/countdown.js")
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

// No countdown goes on in the next test.
afterEach(() => {
  time.isConnected = false
  learnTime(iso(right), Date.now(), Date.now())
  mock.restoreAll()
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

// The timers that are set from here on and have neither fired nor been cleared.
function pendingTimers() {
  const pending = new Set()
  const set = setTimeout
  const clear = clearTimeout
  mock.method(globalThis, "setTimeout", (then, after, ...args) => {
    const timer = set(() => {
      pending.delete(timer)
      then(...args)
    }, after)
    pending.add(timer)
    return timer
  })
  mock.method(globalThis, "clearTimeout", (timer) => {
    pending.delete(timer)
    clear(timer)
  })
  return pending
}

// Notes each request that a script sends, and each way in which it leaves the page.
function network() {
  const used = []
  const named = (name) => () => used.push(name)
  globalThis.fetch = named("fetch")
  globalThis.XMLHttpRequest = class {
    open = named("XMLHttpRequest")
  }
  globalThis.WebSocket = named("WebSocket")
  globalThis.location = { reload: named("reload"), assign: named("assign"), replace: named("replace") }
  Object.defineProperty(globalThis, "navigator", { value: { sendBeacon: named("sendBeacon") } })
  return used
}

// A page with one countdown. It returns ways to look at it again.
function page() {
  const listeners = {}
  const addEventListener = (name, then) => (listeners[name] = then)
  globalThis.document = { hidden: false, addEventListener, querySelectorAll: () => [time] }
  globalThis.window = { addEventListener }
  countDownAll()
  function looks(away) {
    document.hidden = away
    listeners.visibilitychange()
  }
  return { looks, shown: (persisted) => listeners.pageshow({ persisted }) }
}

// The device's clock goes on, and timers do not: as in a tab that sleeps.
function sleep(ms) {
  const wakes = Date.now() + ms
  mock.method(Date, "now", () => wakes)
}

test("at zero no timer is left, and the page asks the server for nothing", () => {
  const pending = pendingTimers()
  const used = network()
  const { looks, shown } = page()
  learnTime(iso(right), Date.now(), Date.now())
  assert.equal(pending.size, 1)
  mock.timers.tick(2 * hour - 1)
  assert.equal(time.textContent, "00:00:01")
  assert.equal(pending.size, 1)
  mock.timers.tick(1)
  assert.equal(time.textContent, "any moment now")
  assert.equal(pending.size, 0)
  mock.timers.tick(3 * hour)
  learnTime(iso(right + 5 * hour), Date.now(), Date.now())
  looks(true)
  looks(false)
  shown(true)
  assert.equal(time.textContent, "any moment now")
  assert.equal(pending.size, 0)
  assert.deepEqual(used, [])
  showSchedule(block, "2031-05-02T22:00:00Z")
  assert.equal(time.textContent, "01:00:00", "a release that is moved counts again")
  assert.equal(pending.size, 1)
})

test("a countdown that has left the page has no timer", () => {
  const pending = pendingTimers()
  learnTime(iso(right), Date.now(), Date.now())
  countDown(time)
  assert.equal(pending.size, 1)
  time.isConnected = false
  learnTime(iso(right), Date.now(), Date.now())
  assert.equal(pending.size, 0)
})

test("a tab that has slept is right as soon as it is seen", () => {
  const { looks, shown } = page()
  learnTime(iso(right), Date.now(), Date.now())
  looks(true)
  sleep(hour + 1500)
  assert.equal(time.textContent, "02:00:00", "timers stand still")
  looks(true)
  assert.equal(time.textContent, "02:00:00", "a page that is hidden is not painted for nobody")
  looks(false)
  assert.equal(time.textContent, "00:59:59")
  sleep(10 * 60 * 1000)
  shown(true)
  assert.equal(time.textContent, "00:49:59")
  sleep(hour)
  looks(false)
  assert.equal(time.textContent, "any moment now")
})

test("a tab that has woken counts on with one timer", () => {
  const pending = pendingTimers()
  const { looks } = page()
  learnTime(iso(right), Date.now(), Date.now())
  mock.timers.tick(hour)
  for (let n = 0; n < 3; n++) looks(false)
  assert.equal(pending.size, 1)
  mock.timers.tick(1000)
  assert.equal(time.textContent, "00:59:59")
  assert.equal(pending.size, 1)
})

test("a timer that fires late leaves no second out, and shows none twice", () => {
  const set = setTimeout
  for (const late of [0, 1, 40]) {
    mock.method(globalThis, "setTimeout", (then, after, ...args) => set(then, after + late, ...args))
    mock.timers.setTime(right)
    learnTime(iso(right), right, right)
    countDown(time)
    const shown = []
    for (let second = 0; second < 4; second++) {
      mock.timers.tick(second === 0 ? late : 1000)
      shown.push(time.textContent)
    }
    assert.deepEqual(shown, ["02:00:00", "01:59:59", "01:59:58", "01:59:57"], `${late} ms late`)
  }
})
