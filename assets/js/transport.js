import { LongPoll, Socket } from "phoenix"

const defaults = {
  failures: 3, // of WebSockets in a row, before long-poll has its turn
  failuresOnceHeard: 10, // the same for a page that had a WebSocket: it is rather the server that is away
  answerMs: 10_000, // for a WebSocket to open and to bring a first message
  probeMs: 5_000, // on long-poll, before WebSocket is tried again; it doubles
  longestProbeMs: 300_000,
}

// A socket that prefers WebSocket, lives on long-poll where WebSocket does not work, and climbs back when it does. It
// stays the same socket: its channels rejoin over whatever carries it. A tab remembers for its next page that
// WebSocket did not work, until it is due to be tried again. Phoenix alone falls back after one failure, and for good.
// Params, or a function that gives them anew for each attempt, go to the server with it.
export function createSocket(path, { params, WebSocket = window.WebSocket, Poll = LongPoll, store = tabStore(), ...given } = {}) {
  const limits = { ...defaults, ...given }
  let polling = remembered()
  let polls = false // the present attempt
  let opened = false // it too
  let heard = false // something, over any WebSocket
  let failures = 0
  let probeMs = limits.probeMs
  let probeTimer = null
  let protocols

  // Socket calls it with new for every attempt, and uses what it returns.
  function Transport(url, wanted) {
    polls = polling
    opened = false
    protocols = wanted
    return polling ? new Poll(url, wanted) : dial(url)
  }

  const socket = new Socket(path, { transport: Transport, reconnectAfterMs, params })

  function dial(url) {
    const ws = new WebSocket(url, protocols)
    const close = ws.close.bind(ws)
    const deadline = setTimeout(close, limits.answerMs)
    let decided = false
    function decide(outcome) {
      clearTimeout(deadline)
      if (!decided) outcome()
      decided = true
    }
    ws.close = (...reason) => {
      decide(() => {}) // that it is not wanted any more says nothing about it
      close(...reason)
    }
    ws.addEventListener("message", () => decide(succeeded))
    ws.addEventListener("close", () => decide(failed)) // before Socket, which plans the next attempt
    return ws
  }

  function succeeded() {
    heard = true
    failures = 0
    probeMs = limits.probeMs
    remember(0)
  }

  function failed() {
    if (!navigator.onLine) return
    failures += 1
    polling = failures >= enough()
  }

  const enough = () => (heard ? limits.failuresOnceHeard : limits.failures)

  socket.onOpen(() => {
    opened = true
    socket.ping(() => {}) // there must be something to hear
    if (polling) planProbe()
  })

  // When long-poll does not open either, it is not WebSocket's fault: they take turns.
  socket.onClose(() => {
    if (!polls || opened) return
    polling = false
    failures = enough() - 1
  })

  function planProbe() {
    if (probeTimer) return
    const ms = spread(probeMs)
    probeTimer = setTimeout(probe, ms)
    remember(Date.now() + ms)
  }

  // Tries a WebSocket beside the long-poll that is in use. One that opens but carries nothing does not count.
  function probe() {
    probeTimer = null
    if (!polling || !socket.isConnected()) return // planned anew when it opens
    if (document.hidden || !navigator.onLine) return planProbe()

    const ws = new WebSocket(socket.endPointURL(), protocols)
    const deadline = setTimeout(() => ws.close(), limits.answerMs)
    ws.onopen = () => socket.encode({ topic: "phoenix", event: "heartbeat", payload: {}, ref: "probe" }, (frame) => ws.send(frame))
    ws.onmessage = () => {
      ws.close()
      climb()
    }
    ws.onclose = () => {
      clearTimeout(deadline)
      probeMs = Math.min(2 * probeMs, limits.longestProbeMs)
      if (polling && socket.isConnected()) planProbe()
    }
  }

  function climb() {
    if (!polling || !socket.isConnected()) return
    polling = false
    failures = enough() - 1 // should it fail now, then back at once
    socket.replaceTransport(Transport)
    socket.connect()
  }

  // The network is back, perhaps another one, on which an open connection is dead and does not know it.
  window.addEventListener("online", () => {
    failures = 0
    if (document.hidden) return // Socket reconnects when the page is shown
    if (!socket.isConnected()) return reconnect()

    const silent = setTimeout(reconnect, limits.answerMs / 2)
    socket.ping(() => clearTimeout(silent))
  })

  function reconnect() {
    if (!socket.connection) return // not wanted, or not yet
    socket.disconnect()
    socket.connect()
  }

  function remembered() {
    const left = Number(store.getItem(memory)) - Date.now()
    return left > 0 && left <= 2 * limits.longestProbeMs
  }

  function remember(time) {
    try {
      store.setItem(memory, String(time))
    } catch {} // full, or forbidden: the next page finds out by itself
  }

  return socket
}

const memory = "sneakers23.longpoll"

// Times are spread, so that the tabs of a server that is gone do not all come at once.
const spread = (ms) => ms * (0.5 + Math.random())

const steps = [10, 50, 100, 150, 200, 250, 500, 1000, 2000]
const reconnectAfterMs = (tries) => spread(steps[tries - 1] ?? 5000)

// Where storage is forbidden, nothing is remembered.
function tabStore() {
  try {
    return window.sessionStorage
  } catch {
    return { getItem: () => null, setItem() {} }
  }
}
