import assert from "node:assert/strict"
import { afterEach, beforeEach, mock, test } from "node:test"

// what a page has, before phoenix looks for it
globalThis.document = Object.assign(new EventTarget(), { hidden: false, visibilityState: "visible" })
globalThis.window = Object.assign(new EventTarget(), { document })
Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true })
const { createSocket } = await import("../js/transport.js")

const url = "ws://shop.example/product_socket"
const second = 1000

// world is the network as the tests make it: "works", "refuses", "hangs" (never opens), "swallows"
// (opens, brings nothing), or a number: works, and ends so many ms after it opened.
let world

class Wire extends EventTarget {
  static made = []
  readyState = 0
  bufferedAmount = 0
  closed = false

  constructor(address, protocols) {
    super()
    this.address = address
    this.protocols = protocols
    this.constructor.made.push(this)
    setTimeout(() => this.begin(world[this.constructor.way]), 5)
  }

  begin(how) {
    this.how = how
    if (this.closed || how === "hangs") return
    if (how === "refuses") return this.end(1006)
    this.readyState = 1
    this.emit("open", {})
    if (typeof how === "number") setTimeout(() => this.closed || this.end(1006), how)
  }

  send(frame) {
    assert.equal(this.readyState, 1)
    const [joinRef, ref, topic, event] = JSON.parse(frame)
    if (this.how === "swallows") return
    setTimeout(() => {
      if (!this.closed) this.receive([joinRef, ref, topic, "phx_reply", { status: "ok", response: { event } }])
    }, 5)
  }

  receive(message) {
    this.emit("message", { data: JSON.stringify(message) })
  }

  close(code = 1005) {
    if (this.closed) return
    this.closed = true
    this.readyState = 2
    setTimeout(() => this.end(code), 5)
  }

  end(code) {
    this.closed = true
    this.readyState = 3
    if (code === 1006) this.emit("error", {})
    this.emit("close", { code })
  }

  emit(type, fields) {
    const event = Object.assign(new Event(type), fields)
    this.dispatchEvent(event)
    this[`on${type}`]?.(event)
  }
}

class WebSocketStub extends Wire {
  static way = "webSocket"
  static made = []
}

class PollStub extends Wire {
  static way = "longPoll"
  static made = []
  skipHeartbeat = true
}

class Store {
  items = new Map()
  getItem = (key) => this.items.get(key) ?? null
  setItem = (key, value) => this.items.set(key, value)
}

let socket
let store

// open makes a page that has joined one topic, and tells how often.
function open(limits = {}) {
  socket = createSocket(url, { WebSocket: WebSocketStub, Poll: PollStub, store, ...limits })
  const page = { joins: 0, heard: [] }
  const channel = socket.channel("product:1", () => ({}))
  channel.on("released", ({ n }) => page.heard.push(n))
  channel.join().receive("ok", () => (page.joins += 1))
  socket.connect()
  return page
}

// pass lets time pass in steps, since what a timer starts may set others.
function pass(ms) {
  for (let i = 0; i < ms; i += 5) mock.timers.tick(5)
}

// lasting is for how long a connection must live to count as one that works.
const lasting = 30 * second

// passUntil lets time pass until something happened.
function passUntil(happened) {
  for (let ms = 0; !happened(); ms += 5) {
    assert.ok(ms < 60 * second, `it did not happen: ${happened}`)
    pass(5)
  }
}

const last = (list) => list.at(-1)
const carrier = () => socket.conn?.constructor.way
const release = (n) => socket.conn.receive([null, null, "product:1", "released", { n }])

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 })
  mock.method(Math, "random", () => 0.5) // times are what they say
  world = { webSocket: "works", longPoll: "works" }
  WebSocketStub.made = []
  PollStub.made = []
  store = new Store()
  document.hidden = false
  document.visibilityState = "visible"
  navigator.onLine = true
})

afterEach(() => {
  socket.disconnect()
  pass(5 * second)
  mock.timers.reset()
  mock.restoreAll()
})

test("prefers WebSocket, and stays there", () => {
  const page = open()
  pass(10 * 60 * second)
  assert.equal(carrier(), "webSocket")
  assert.deepEqual([page.joins, WebSocketStub.made.length, PollStub.made.length], [1, 1, 0])
})

test("asks for its params at each attempt, also beside a long-poll", () => {
  world.webSocket = "refuses"
  let token = 0
  open({ params: () => ({ token: (token += 1) }) })
  pass(2 * second)
  pass(6 * second)
  const tokens = [...WebSocketStub.made, ...PollStub.made].map(({ address }) =>
    new URL(address, url).searchParams.get("token"),
  )
  assert.ok(tokens.length > 4)
  assert.equal(new Set(tokens).size, tokens.length, `tokens ${tokens}`)
})

test("sends its auth token as a subprotocol, the newest at each attempt, also beside a long-poll", () => {
  world.webSocket = "refuses"
  let token = 0
  open({ authToken: () => `secret ${(token += 1)}` })
  pass(2 * second)
  pass(6 * second)
  const made = [...WebSocketStub.made, ...PollStub.made]
  const tokens = made.map(({ protocols: [name, bearer] }) => {
    assert.equal(name, "phoenix")
    assert.match(bearer, /^base64url\.bearer\.phx\.[\w+/]+$/)
    return atob(bearer.slice("base64url.bearer.phx.".length))
  })
  assert.ok(PollStub.made.length > 0 && WebSocketStub.made.length > 3, "a probe beside the long-poll")
  assert.deepEqual(new Set(tokens), new Set(made.map((_, i) => `secret ${i + 1}`)))
  for (const { address } of made) assert.doesNotMatch(address, /token|secret/)
})

test("asks for no subprotocol without an auth token", () => {
  world.webSocket = "refuses"
  open()
  pass(8 * second)
  assert.deepEqual(
    new Set([...WebSocketStub.made, ...PollStub.made].map(({ protocols }) => protocols)),
    new Set([undefined]),
  )
})

test("falls back after three failures, not before", () => {
  world.webSocket = "refuses"
  const page = open()
  pass(2 * second)
  assert.equal(WebSocketStub.made.length, 3)
  assert.equal(carrier(), "longPoll")
  assert.equal(PollStub.made.length, 1)
  assert.equal(page.joins, 1)
})

test("two failures are forgiven", () => {
  world.webSocket = "refuses"
  const page = open()
  passUntil(() => WebSocketStub.made.length === 3)
  world.webSocket = "works"
  pass(2 * second)
  assert.equal(carrier(), "webSocket")
  assert.deepEqual([page.joins, PollStub.made.length], [1, 0])
})

for (const how of ["hangs", "swallows"]) {
  test(`a WebSocket that ${how} is a failure after ten seconds`, () => {
    world.webSocket = how
    const page = open()
    pass(29 * second)
    assert.equal(PollStub.made.length, 0)
    pass(3 * second)
    assert.equal(WebSocketStub.made.length, 3)
    assert.equal(carrier(), "longPoll")
    assert.equal(page.joins, 1)
  })
}

test("climbs back by itself and misses nothing", () => {
  world.webSocket = "refuses"
  const page = open()
  pass(2 * second)
  release(1)
  world.webSocket = "works"
  pass(5 * second)
  assert.equal(carrier(), "longPoll", "it opened, and must last first")
  pass(lasting)
  assert.equal(carrier(), "webSocket")
  assert.equal(last(PollStub.made).readyState, 3, "the long-poll is closed")
  assert.equal(page.joins, 2, "joined anew, which brings what was missed")
  release(2)
  assert.deepEqual(page.heard, [1, 2])
  const sockets = WebSocketStub.made.length
  pass(10 * 60 * second)
  assert.equal(WebSocketStub.made.length, sockets, "and tries no more")
  assert.equal(WebSocketStub.made.filter((ws) => !ws.closed).length, 1, "the one that tried is closed")
})

test("tries WebSocket again ever more seldom", () => {
  world.webSocket = "refuses"
  const page = open()
  pass(2 * second)
  const times = []
  let known = WebSocketStub.made.length
  for (let t = 0; t < 1300; t += 1) {
    pass(second)
    if (WebSocketStub.made.length > known) times.push(t)
    known = WebSocketStub.made.length
  }
  const gaps = times.slice(1).map((time, i) => time - times[i])
  assert.deepEqual(gaps, [10, 20, 40, 80, 160, 300, 300, 300])
  assert.equal(page.joins, 1, "and the page notices nothing of it")
})

for (const how of ["hangs", "swallows"]) {
  test(`does not climb to a WebSocket that ${how}`, () => {
    world.webSocket = "refuses"
    const page = open()
    pass(2 * second)
    world.webSocket = how
    pass(60 * second)
    assert.equal(carrier(), "longPoll")
    assert.equal(page.joins, 1)
  })
}

test("a climb that fails goes straight back", () => {
  world.webSocket = "refuses"
  const page = open()
  pass(2 * second)
  const before = WebSocketStub.made.length
  world.webSocket = "works"
  passUntil(() => WebSocketStub.made.length === before + 2) // the one that tries, then the one to use
  last(WebSocketStub.made).begin("refuses")
  world.webSocket = "refuses"
  pass(2 * second)
  assert.equal(carrier(), "longPoll")
  assert.equal(WebSocketStub.made.length, before + 2)
  assert.equal(page.joins, 2)
})

test("a page that had a WebSocket is patient with a server that restarts", () => {
  const page = open()
  pass(second)
  world = { webSocket: "refuses", longPoll: "refuses" }
  socket.conn.end(1012)
  pass(1.5 * second)
  world = { webSocket: "works", longPoll: "works" }
  pass(3 * second)
  assert.equal(carrier(), "webSocket")
  assert.deepEqual([page.joins, PollStub.made.length], [2, 0])
})

test("when nothing answers for long, both take turns", () => {
  world = { webSocket: "refuses", longPoll: "refuses" }
  const page = open()
  pass(60 * second)
  assert.ok(PollStub.made.length >= 3, `${PollStub.made.length} long-polls`)
  assert.ok(WebSocketStub.made.length >= 5, `${WebSocketStub.made.length} WebSockets`)
  world.webSocket = "works"
  pass(20 * second)
  assert.equal(carrier(), "webSocket")
  assert.equal(page.joins, 1)
})

test("a long-poll that is lost is opened anew", () => {
  world.webSocket = "refuses"
  const page = open()
  pass(2 * second)
  last(PollStub.made).end(3410)
  passUntil(() => page.joins === 2)
  assert.equal(carrier(), "longPoll")
  world.webSocket = "works"
  pass(10 * second + lasting)
  assert.equal(carrier(), "webSocket")
})

test("the next page of the tab starts where this one was", () => {
  world.webSocket = "refuses"
  open()
  pass(2 * second)
  socket.disconnect()
  const tried = WebSocketStub.made.length
  const page = open()
  pass(second)
  assert.equal(carrier(), "longPoll")
  assert.equal(WebSocketStub.made.length, tried)
  assert.equal(page.joins, 1)
  world.webSocket = "works"
  pass(6 * second + lasting)
  assert.equal(carrier(), "webSocket")
  socket.disconnect()
  open()
  pass(second)
  assert.equal(carrier(), "webSocket", "and forgets it again")
})

test("a climb from a page that began on long-poll goes straight back too", () => {
  store.setItem("sneakers23.longpoll", String(Date.now() + second))
  const page = open()
  world.webSocket = "works"
  passUntil(() => WebSocketStub.made.length === 2)
  last(WebSocketStub.made).begin("refuses")
  world.webSocket = "refuses"
  pass(second)
  assert.deepEqual([carrier(), WebSocketStub.made.length, page.joins], ["longPoll", 2, 2])
})

test("a WebSocket that lasts is remembered at once", () => {
  store.setItem("sneakers23.longpoll", String(Date.now() + 60 * second))
  world.longPoll = "refuses"
  open()
  pass(second + lasting)
  assert.equal(carrier(), "webSocket")
  socket.disconnect()
  world.longPoll = "works"
  open()
  pass(second)
  assert.equal(carrier(), "webSocket")
})

test("after a while on WebSocket it is tried again soon", () => {
  world.webSocket = "refuses"
  const page = open()
  pass(60 * second) // seldom, by now
  world.webSocket = "works"
  pass(60 * second + lasting)
  assert.equal(carrier(), "webSocket")
  world.webSocket = "refuses"
  socket.conn.end(1006)
  passUntil(() => carrier() === "longPoll" && socket.isConnected())
  world.webSocket = "works"
  pass(6 * second + lasting)
  assert.equal(carrier(), "webSocket")
  assert.equal(page.joins, 4)
})

test("a socket without topics has something to hear", () => {
  socket = createSocket(url, { WebSocket: WebSocketStub, Poll: PollStub, store })
  socket.connect()
  pass(60 * second)
  assert.equal(WebSocketStub.made.length, 1)
})

test("what is remembered ends, and nonsense is no memory", () => {
  for (const text of ["", "x", "999999", "9e99", "Infinity", "-1"]) {
    store.setItem("sneakers23.longpoll", text)
    open()
    pass(second)
    assert.equal(carrier(), "webSocket", text)
    socket.disconnect()
  }
})

for (const [how, getter] of Object.entries({
  forbidden: () => assert.fail("SecurityError"),
  missing: () => null,
  full: () => ({ getItem: () => null, setItem: () => assert.fail("QuotaExceededError") }),
})) {
  test(`the tab's storage may be ${how}`, (t) => {
    Object.defineProperty(window, "sessionStorage", { get: getter, configurable: true })
    t.after(() => delete window.sessionStorage)
    world.webSocket = "refuses"
    const page = open({ store: undefined })
    pass(2 * second)
    assert.deepEqual([carrier(), page.joins], ["longPoll", 1])
    world.webSocket = "works"
    pass(5 * second + lasting)
    assert.deepEqual([carrier(), page.joins], ["webSocket", 2])
  })
}

test("being offline says nothing about WebSockets", () => {
  world = { webSocket: "refuses", longPoll: "refuses" }
  navigator.onLine = false
  const page = open()
  pass(30 * second)
  assert.equal(PollStub.made.length, 0)
  world = { webSocket: "works", longPoll: "works" }
  navigator.onLine = true
  window.dispatchEvent(new Event("online"))
  pass(50)
  assert.equal(carrier(), "webSocket", "at once, not after a back-off")
  assert.equal(page.joins, 1)
})

test("a connection that the new network does not know is replaced", () => {
  const page = open()
  pass(second)
  const dead = socket.conn
  dead.how = "swallows"
  window.dispatchEvent(new Event("online"))
  pass(6 * second)
  assert.notEqual(socket.conn, dead)
  assert.equal(page.joins, 2)
})

test("a connection that still answers is kept", () => {
  const page = open()
  pass(second)
  window.dispatchEvent(new Event("online"))
  pass(60 * second)
  assert.deepEqual([page.joins, WebSocketStub.made.length], [1, 1])
})

test("a socket that is not wanted is not opened", () => {
  open()
  pass(second)
  socket.disconnect()
  pass(5 * second)
  window.dispatchEvent(new Event("online"))
  pass(5 * second)
  assert.equal(WebSocketStub.made.length, 1)
})

test("a page in the background does not try", () => {
  world.webSocket = "refuses"
  open()
  pass(2 * second)
  const tried = WebSocketStub.made.length
  document.hidden = true
  world.webSocket = "works"
  pass(60 * second)
  assert.equal(WebSocketStub.made.length, tried)
  document.hidden = false
  pass(6 * second + lasting)
  assert.equal(carrier(), "webSocket")
})

test("closing it on purpose is no failure", () => {
  world.webSocket = "hangs"
  open()
  for (let i = 0; i < 5; i += 1) {
    socket.disconnect()
    pass(second)
    socket.connect()
    pass(second)
  }
  assert.equal(PollStub.made.length, 0)
})

// The servers for both carriers: however they fail, and whatever the random pauses, no minute sees
// more than twenty attempts.
const otherSides = [
  ["refuses", "refuses"], // 403 and 403; 429 and 502
  ["hangs", "refuses"],
  ["refuses", "hangs"],
  ["swallows", "refuses"],
  [0, "refuses"],
  [300, "refuses"],
  [300, "works"],
  [300, 300],
  [5 * second, 5 * second],
  [5 * second, "refuses"],
  ["refuses", 300],
  ["refuses", 5 * second],
]
const pages = {
  "a new page": () => {},
  "a new page with the shortest pauses": () => mock.method(Math, "random", () => 0),
  "a page that was long connected": () => pass(5 * 60 * second),
}
for (const [webSocket, longPoll] of otherSides) {
  for (const [name, prepare] of Object.entries(pages)) {
    test(`${name} tries seldom: WebSocket ${webSocket}, long-poll ${longPoll}`, () => {
      const times = []
      const counted = (Kind) =>
        class extends Kind {
          static made = []
          begin(how) {
            times.push(Date.now())
            super.begin(how)
          }
        }
      mock.restoreAll() // with jitter
      const isNew = name !== "a page that was long connected"
      if (isNew) world = { webSocket, longPoll }
      open({ WebSocket: counted(WebSocketStub), Poll: counted(PollStub) })
      prepare()
      world = { webSocket, longPoll }
      if (!isNew) socket.conn.end(1006)
      pass(10 * 60 * second)
      const most = Math.max(
        ...times.map((from) => times.filter((time) => time >= from && time < from + 60 * second).length),
      )
      assert.ok(most <= 20, `${most} attempts in a minute`)
      assert.ok(times.at(-1) > Date.now() - 8 * 60 * second, "it goes on trying")
      world = { webSocket: "works", longPoll: "works" }
      passUntil(() => socket.isConnected())
    })
  }
}

test("WebSockets that end soon after they opened lead to long-poll, and back when they last", () => {
  world.webSocket = 300
  const page = open()
  pass(3 * second)
  assert.equal(carrier(), "longPoll")
  assert.equal(WebSocketStub.made.length, 3)
  const joins = page.joins
  pass(10 * 60 * second)
  assert.equal(carrier(), "longPoll", "those that try end too")
  assert.equal(page.joins, joins, "and the page notices nothing of it")
  world.webSocket = "works"
  pass(10 * 60 * second)
  assert.equal(carrier(), "webSocket")
  assert.equal(page.joins, joins + 1)
})

test("a server that restarts twice in a short time is no reason for long-poll", () => {
  const page = open()
  pass(5 * second)
  for (let i = 0; i < 4; i += 1) {
    socket.conn.end(1012)
    pass(5 * second)
    assert.equal(carrier(), "webSocket")
  }
  assert.deepEqual([page.joins, PollStub.made.length], [5, 0])
})

test("a long-poll that is answered with nonsense is given up", () => {
  world = { webSocket: "refuses", longPoll: "hangs" }
  const page = open()
  passUntil(() => PollStub.made.length === 2)
  world.longPoll = "works"
  passUntil(() => page.joins === 1)
})

test("a long-poll that brings nothing any more is opened anew", () => {
  world.webSocket = "refuses"
  const page = open()
  pass(2 * second)
  last(PollStub.made).how = "swallows"
  pass(60 * second)
  assert.deepEqual([carrier(), page.joins, PollStub.made.length], ["longPoll", 2, 2])
})

test("a page that is left closes the WebSocket that tried", () => {
  world.webSocket = "refuses"
  open()
  pass(2 * second)
  world.webSocket = "works"
  pass(5 * second)
  const probe = last(WebSocketStub.made)
  assert.equal(probe.readyState, 1)
  window.dispatchEvent(new Event("pagehide"))
  assert.equal(probe.closed, true)
})
