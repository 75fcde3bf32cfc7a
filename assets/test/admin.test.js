import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"
import { Socket } from "phoenix"
import { followToken, readToken } from "../js/admin-token.js"
import { showLiveState } from "../js/live-state.js"
import { zoneOf } from "../js/moment.js"

const second = 1000

// the page's channel: a test calls tell to raise its events
class ChannelStub {
  listeners = {}
  on = (event, listener) => (this.listeners[event] = listener)
  onError = (listener) => this.on("error", listener)
  onClose = (listener) => this.on("close", listener)
  tell = (what) => this.listeners[what]({})
}

let channel
let words
let signIn
let state
let reachable

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: new Date(2026, 2, 1, 12, 0, 0).getTime() })
  channel = new ChannelStub()
  reachable = true
  show(channel)
})

function show(channel) {
  words = { textContent: "" }
  signIn = { hidden: true }
  state = {
    dataset: {},
    querySelector: (selector) => ({ "[data-live-words]": words, "[data-sign-in]": signIn })[selector],
  }
  showLiveState(channel, state, async () => reachable)
}

async function tick(ms) {
  mock.timers.tick(ms)
  await new Promise(setImmediate) // whoever was asked has answered
}

afterEach(() => mock.timers.reset())

const seen = () => [state.dataset.liveState, words.textContent, signIn.hidden]

test("says that it is connected", () => {
  channel.tell("state")
  mock.timers.tick(60 * second)
  assert.deepEqual(seen(), ["connected", "Connected", true])
})

test("says what takes long, and what is hopeless", async () => {
  mock.timers.tick(second)
  assert.deepEqual(seen(), ["reconnecting", "Connecting…", true])
  channel.tell("state")
  channel.tell("close")
  assert.deepEqual(seen(), ["connected", "Connected", true], "a short break is nobody's business")
  mock.timers.tick(10 * second)
  channel.tell("error") // further attempts do not restart it
  channel.tell("close")
  const since = `Not live since 12:00:01 ${zoneOf(new Date())}. Reconnecting…`
  assert.deepEqual(seen(), ["reconnecting", since, true])
  reachable = false
  await tick(5 * second)
  assert.deepEqual(seen(), ["reconnecting", since, true], "to sign in would not help")
  reachable = true
  await tick(15 * second)
  assert.deepEqual(seen(), ["reconnecting", since, false])
  channel.tell("state")
  await tick(15 * second)
  assert.deepEqual(seen(), ["connected", "Connected", true])
})

test("keeps the newest token", () => {
  globalThis.window = {}
  globalThis.document = {
    querySelector: (selector) => (selector === "meta[name=admin-token]" ? { content: "first" } : null),
  }
  readToken()
  assert.equal(window.adminToken, "first")
  const heard = {}
  followToken({ on: (event, listener) => (heard[event] = listener) })
  heard.new_token({ token: "second" })
  assert.equal(window.adminToken, "second")
})

// The real channel, on a socket that is open all the time.
test("a channel that is refused or crashes is not connected, however open its socket", () => {
  const messages = []
  const real = new Socket("ws://localhost/admin_socket", {
    transport: class {
      close() {}
      send() {}
    },
    timeout: 60 * second,
  })
  Object.assign(real, { isConnected: () => true, push: (message) => messages.push(message) })
  const joined = real.channel("admin:dashboard")
  show(joined)
  joined.join()
  const hear = (event, payload, ref) => joined.trigger(event, payload, ref, joined.joinRef())
  const answer = (status, response) => hear("phx_reply", { status, response }, messages.at(-1).ref)

  answer("error", { reason: "join crashed" })
  mock.timers.tick(second)
  assert.deepEqual(seen(), ["reconnecting", "Connecting…", true])
  assert.equal(messages.length, 2, "it tries again")
  hear("state", {})
  answer("ok", {})
  mock.timers.tick(60 * second)
  assert.deepEqual(seen(), ["connected", "Connected", true])

  hear("phx_error", { reason: "channel_crash" })
  mock.timers.tick(second)
  assert.deepEqual(
    [seen(), messages.length],
    [["reconnecting", `Not live since 12:01:01 ${zoneOf(new Date())}. Reconnecting…`, true], 3],
  )
  hear("state", {})
  assert.deepEqual(seen(), ["connected", "Connected", true])
})
