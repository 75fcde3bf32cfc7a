import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"
import { followToken, readToken } from "../js/admin-token.js"
import { showLiveState } from "../js/live-state.js"

const second = 1000

// what the page has of a socket: somebody tells it what became of the connection
class SocketStub {
  listeners = { open: [], close: [], error: [] }
  onOpen = (listener) => this.listeners.open.push(listener)
  onClose = (listener) => this.listeners.close.push(listener)
  onError = (listener) => this.listeners.error.push(listener)
  tell = (what) => this.listeners[what].forEach((listener) => listener({}))
}

let socket
let words
let signIn
let state

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] })
  socket = new SocketStub()
  words = { textContent: "" }
  signIn = { hidden: true }
  state = { dataset: {}, querySelector: (selector) => ({ "[data-live-words]": words, "[data-sign-in]": signIn })[selector] }
  showLiveState(socket, state)
})

afterEach(() => mock.timers.reset())

const seen = () => [state.dataset.liveState, words.textContent, signIn.hidden]

test("says that it is connected", () => {
  socket.tell("open")
  mock.timers.tick(60 * second)
  assert.deepEqual(seen(), ["connected", "Connected", true])
})

test("says what takes long, and what is hopeless", () => {
  mock.timers.tick(second)
  assert.deepEqual(seen(), ["reconnecting", "Connecting…", true])
  socket.tell("open")
  socket.tell("close")
  assert.deepEqual(seen(), ["connected", "Connected", true], "a short break is nobody's business")
  mock.timers.tick(10 * second)
  socket.tell("error") // further attempts do not begin anew
  socket.tell("close")
  assert.deepEqual(seen(), ["reconnecting", "Reconnecting…", true])
  mock.timers.tick(5 * second)
  assert.deepEqual(seen(), ["reconnecting", "Reconnecting…", false])
  socket.tell("open")
  assert.deepEqual(seen(), ["connected", "Connected", true])
})

test("keeps the newest token", () => {
  globalThis.window = {}
  globalThis.document = { querySelector: (selector) => (selector === "meta[name=admin-token]" ? { content: "first" } : null) }
  readToken()
  assert.equal(window.adminToken, "first")
  const heard = {}
  followToken({ on: (event, listener) => (heard[event] = listener) })
  heard.new_token({ token: "second" })
  assert.equal(window.adminToken, "second")
})
