import { LongPoll, Serializer, Socket } from "phoenix"
import { judgeAttempts, spread } from "./attempts.js"
import { carefulStorage } from "./storage.js"

const defaults = {
  answerMs: 10_000, // for a connection to open, and for a WebSocket to bring a first message
  probeMs: 5_000, // on long-poll, before WebSocket is tried again; it doubles
  longestProbeMs: 300_000,
}
const restartCode = 1012
const heartbeat = { join_ref: null, ref: "probe", topic: "phoenix", event: "heartbeat", payload: {} }
const memory = "sneakers23.longpoll"
const bearer = "base64url.bearer.phx."

// A socket that prefers WebSocket, lives on long-poll where WebSocket does not work, and climbs
// back when it does. It stays the same socket: its channels rejoin over whatever carries it. A tab
// remembers for its next page that WebSocket did not work, until it is due to be tried again.
// Phoenix alone falls back after one failure, and for good. Each attempt sends params and authToken
// to the server. Either may be a function, which is called for each attempt. authToken stays out of
// the address: a WebSocket sends it as a subprotocol, a long-poll as a header.
export function createSocket(path, options = {}) {
  const { params, authToken, WebSocket = window.WebSocket, Poll = LongPoll, store = tabStore(), ...given } = options
  const limits = { ...defaults, ...given }
  const attempts = judgeAttempts({ ...given, polling: remembered() })
  let attempt = null // the present one
  let probeMs = limits.probeMs
  let probeTimer = null
  let probe = null // a WebSocket beside the long-poll

  // Socket calls it with new for every attempt, and uses what it returns.
  function Transport(url, protocols) {
    attempt = attempts.begin()
    return attempt.polls ? poll(url, protocols, attempt) : dial(url, protocols, attempt)
  }

  const socket = new PageSocket(path, {
    transport: Transport,
    reconnectAfterMs,
    params,
    authToken,
    sessionStorage: store,
  })

  // Socket asks when it has lost its connection, and only if it wants another one.
  function reconnectAfterMs() {
    attempts.end()
    return attempts.pauseMs()
  }

  // An answer that is none may leave a long-poll neither open nor closed.
  function poll(url, protocols, attempt) {
    const lp = new Poll(url, protocols)
    setTimeout(() => attempt.aliveSince === null && lp.close(), limits.answerMs)
    return lp
  }

  function dial(url, protocols, attempt) {
    const ws = new WebSocket(url, protocols)
    let timer = setTimeout(() => ws.close(), limits.answerMs)
    ws.addEventListener("message", () => {
      if (attempt.aliveSince !== null) return
      attempts.alive(attempt)
      clearTimeout(timer)
      timer = setTimeout(() => worked(attempt), attempts.lastingMs)
    })
    ws.addEventListener("close", ({ code }) => {
      // before Socket, which plans the next attempt
      clearTimeout(timer)
      attempt.restart = code === restartCode
    })
    return ws
  }

  function worked(attempt) {
    attempts.lasted(attempt)
    probeMs = limits.probeMs
    remember(0)
  }

  socket.onOpen(() => {
    socket.ping(() => {}) // there must be something to hear
    if (!attempt.polls) return
    attempts.alive(attempt)
    planProbe()
  })

  function planProbe() {
    if (probeTimer || probe) return
    const ms = Math.max(spread(probeMs), attempts.waitMs())
    probeTimer = setTimeout(tryWebSocket, ms)
    remember(Date.now() + ms)
  }

  // Tries a WebSocket beside the long-poll that is in use. It counts when it brings something, and
  // lasts.
  function tryWebSocket() {
    probeTimer = null
    if (!attempt.polls || !socket.isConnected()) return // planned again when it opens
    if (document.hidden || !navigator.onLine || attempts.waitMs() > 0) return planProbe()

    // Phoenix sends no heartbeats there, and a poll answered with nonsense is its last.
    reconnectIfSilent(limits.answerMs)
    attempts.count()
    const ws = (probe = new WebSocket(socket.endPointURL(), protocolsFor(authToken)))
    let timer = setTimeout(() => ws.close(), limits.answerMs)
    let heard = false
    ws.onopen = () => Serializer.encode(heartbeat, (frame) => ws.send(frame))
    ws.onmessage = () => {
      if (heard) return
      heard = true
      clearTimeout(timer)
      timer = setTimeout(() => {
        if (attempt.polls) climb()
        ws.close()
      }, attempts.lastingMs)
    }
    ws.onclose = () => {
      clearTimeout(timer)
      probe = null
      probeMs = Math.min(2 * probeMs, limits.longestProbeMs)
      if (attempt.polls && socket.isConnected()) planProbe()
    }
  }

  function climb() {
    if (!socket.wanted) return
    attempts.giveTurn()
    socket.replaceTransport(Transport)
    socket.connect()
  }

  // The network is back, perhaps another one, on which an open connection is dead and does not know
  // it.
  window.addEventListener("online", () => {
    attempts.forgive()
    if (document.hidden) return // Socket reconnects when the page is shown
    if (socket.isConnected()) reconnectIfSilent(limits.answerMs / 2)
    else reconnect()
  })

  function reconnectIfSilent(patienceMs) {
    const asked = attempt
    const silent = setTimeout(() => asked === attempt && reconnect(), patienceMs)
    socket.ping(() => clearTimeout(silent))
  }

  // A page that is left keeps nothing open.
  window.addEventListener("pagehide", () => probe?.close())

  // Where this minute has had its attempts, the next one is planned already.
  function reconnect() {
    if (!socket.wanted || attempts.waitMs() > 0) return
    socket.disconnect()
    socket.connect()
  }

  function remembered() {
    const left = Number(store.getItem(memory)) - Date.now()
    return left > 0 && left <= 2 * limits.longestProbeMs
  }

  function remember(time) {
    store.setItem(memory, String(time))
  }

  return socket
}

// The subprotocols that Socket asks for. A probe makes its own: the token may have been renewed
// since Socket connected.
function protocolsFor(authToken) {
  if (!authToken) return undefined
  const token = typeof authToken === "function" ? authToken() : authToken
  return ["phoenix", bearer + btoa(token).replaceAll("=", "")]
}

const tabStore = () => carefulStorage("sessionStorage")

// Knows whether the page, or Socket itself when the page comes and goes, wants it to be connected.
class PageSocket extends Socket {
  wanted = false

  connect() {
    this.wanted = true
    super.connect()
  }

  disconnect(...args) {
    this.wanted = false
    super.disconnect(...args)
  }
}
