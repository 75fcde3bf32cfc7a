import assert from "node:assert/strict"
import {Inbox} from "../inbox.mjs"
import {answer, join, listen, LongPoll, settled, WebSocket} from "../world.mjs"

class Storage {
  items = new Map()
  getItem(key){ return this.items.get(key) ?? null }
  setItem(key, value){ this.items.set(key, value) }
}
const memory = "phx:fallback:LongPoll"

// works says whether a client can use what it has.
async function works(socket){
  const room = await join(socket, "room:a")
  const heard = listen(room, "shouted")
  room.push("shout", {n: 1})
  assert.deepEqual(await heard.next(), {n: 1})
  await settled(room)
}

// The server refuses WebSocket: phoenix.js goes over to long-poll, and remembers it for the next page.
export async function fallbackAtRefusal(world){
  const sessionStorage = new Storage()
  for(let page = 1; page <= 2; page++){
    const socket = await world.connect("/nowebsocket", {longPollFallbackMs: world.patience, sessionStorage})
    await works(socket)
    assert.ok(socket.conn instanceof LongPoll)
    assert.equal(sessionStorage.getItem(memory), "true")
    assert.equal(await world.ask("refused"), 1)
  }
}
fallbackAtRefusal.transport = "websocket"

// The handshake succeeds, but nothing is ever answered: something between eats it. The join is repeated on long-poll.
export async function fallbackAtSilence(world){
  let sessionStorage, socket, transports
  for(let longPollFallbackMs = 250, first; first !== WebSocket; longPollFallbackMs *= 2){ // in vain if the handshake takes longer
    socket?.disconnect()
    sessionStorage = new Storage()
    socket = world.socket("/deaf", {longPollFallbackMs, sessionStorage})
    transports = new Inbox("a connection")
    const {put} = transports
    socket.onOpen(() => put(socket.conn.constructor))
    socket.connect()
    first = await transports.next()
  }
  await works(socket)
  assert.equal(await transports.next(), LongPoll)
  assert.equal(sessionStorage.getItem(memory), "true")
}
fallbackAtSilence.transport = "websocket"

// A WebSocket that works is kept.
export async function noFallback(world){
  const sessionStorage = new Storage()
  const socket = await world.connect("/socket", {longPollFallbackMs: world.patience, sessionStorage})
  await works(socket)
  const pong = new Inbox("the answer to a ping")
  socket.ping(pong.put)
  await pong.next()
  assert.ok(socket.primaryPassedHealthCheck)
  assert.ok(socket.conn instanceof WebSocket)
  assert.equal(sessionStorage.getItem(memory), null)
}
noFallback.transport = "websocket"

// Who fell back stays on long-poll, and gets along there when the server restarts.
export async function fallbackThenRestart(world){
  const socket = await world.connect("/nowebsocket", {longPollFallbackMs: world.patience})
  const room = await join(socket, "room:a")
  await world.ask("stop")
  await world.ask("start")
  assert.deepEqual(await answer(room.push("echo", {n: 1})), ["ok", {n: 1}])
  assert.ok(socket.conn instanceof LongPoll)
}
fallbackThenRestart.transport = "websocket"
