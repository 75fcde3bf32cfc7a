import assert from "node:assert/strict"
import {Inbox} from "../inbox.mjs"
import {answer, closes, join, settled} from "../world.mjs"

export async function connectWithParams(world){
  const socket = await world.connect("/socket", {params: () => ({user: "ann & bob", visit: 1})})
  const room = await join(socket, "room:a")
  const [status, who] = await answer(room.push("whoami"))
  assert.equal(status, "ok")
  assert.deepEqual(who, {user: "ann & bob", visit: "1", vsn: world.v1 ? "1.0.0" : "2.0.0", token: ""})
}

export const connectRefused = world => refused(world, "/socket", {params: {refuse: "403"}}, 403)
export const connectRefusedWithStatus = world => refused(world, "/socket", {params: {refuse: "429"}}, 429)
export const connectWithUnknownVersion = world => refused(world, "/socket", {vsn: "9.0.0"}, 403)
export const connectWithMalformedVersion = world => refused(world, "/socket", {vsn: "2"}, 403)

// A refused client is told, and tries again. Long-poll says 403 whatever the server chose: phoenix.js would stop at
// any other status.
export async function refused(world, path, options, status){
  const socket = world.socket(path, options)
  const errors = new Inbox("an error")
  socket.onError(errors.put)
  const closed = closes(socket)
  socket.connect()
  for(let attempt = 0; attempt < 2; attempt++){
    const error = await errors.next()
    const {code} = await closed.next()
    if(world.longpoll){
      assert.deepEqual([error, code], [403, 1008])
    } else {
      assert.match(error.message, new RegExp(`response: ${status}$`))
      assert.equal(code, 1006)
    }
  }
  assert.equal(socket.establishedConnections, 0)
}

export async function disconnect(world){
  for(const [code, reason] of [[1000, "bye"], [3000, ""], [undefined, undefined]]){
    const socket = await world.connect()
    await join(socket, "room:a")
    const closed = closes(socket)
    const done = new Inbox("the end of disconnect")
    socket.disconnect(done.put, code, reason)
    assert.equal((await closed.next()).code, code || 1005)
    await done.next()
    assert.equal(socket.connectionState(), "closed")
    if(!world.longpoll){ // nobody tells the server that a client polls no more
      assert.equal(await world.ask("terminated"), "room:a closed")
    }
  }
}

// A broadcast of disconnect to the socket's id closes it. phoenix.js connects again: it is for the server to refuse.
export async function disconnectedByServer(world){
  let visit = 0
  const socket = await world.connect("/socket", {params: () => ({user: "ann", visit: ++visit})})
  const other = await world.connect("/socket", {params: {user: "bob"}})
  const closed = closes(socket), othersClosed = closes(other)
  const room = await join(socket, "room:a")
  const othersRoom = await join(other, "room:a")
  const [, before] = await answer(room.push("whoami"))
  await world.ask("broadcast", {topic: "user:ann", event: "disconnect", payload: {}})
  assert.equal((await closed.next()).code, world.longpoll ? 3410 : 1001)
  assert.equal(await world.ask("terminated"), "room:a closed")
  const [, after] = await answer(room.push("whoami"))
  assert.equal(after.user, "ann")
  assert.notEqual(after.visit, before.visit) // asked for anew
  await settled(othersRoom)
  assert.ok(othersClosed.empty)
}

export async function ping(world){
  const socket = await world.connect()
  const pong = new Inbox("the answer to a ping")
  assert.ok(socket.ping(pong.put))
  assert.equal(typeof await pong.next(), "number")
}

// Heartbeats keep a socket open for longer than the server's timeout. If this process, or the server's, has no processor for
// half of that, no heartbeat could: then all begins anew.
export async function heartbeats(world){
  const timeout = 800, interval = 100
  const socket = await world.connect("/brief", {heartbeatIntervalMs: interval})
  const closed = closes(socket)
  const answers = new Inbox("the answer to a heartbeat or the close")
  socket.onMessage(message => answers.put(message))
  socket.onClose(answers.put)
  const messages = []
  const began = Date.now()
  for(let last = began; last - began <= 1.2 * timeout;){
    messages.push(await answers.next())
    if(Date.now() - last > timeout / 2){
      socket.disconnect()
      return heartbeats(world)
    }
    last = Date.now()
    assert.ok(closed.empty)
  }
  for(const message of messages){
    assert.equal(typeof message.ref, "string")
    assert.deepEqual({...message, ref: ""}, {
      join_ref: null, ref: "", topic: "phoenix", event: "phx_reply", payload: {status: "ok", response: {}}
    })
  }
  assert.ok(closed.empty)
  assert.equal(socket.establishedConnections, 1)
}
heartbeats.transport = "websocket" // long-poll has none

export async function silentSocket(world){
  const socket = await world.connect("/brief", {heartbeatIntervalMs: 60_000})
  const closed = closes(socket)
  const opened = new Inbox("the next connection")
  socket.onOpen(opened.put)
  assert.equal((await closed.next()).code, 1002)
  await opened.next()
}
silentSocket.transport = "websocket"

export async function garbage(world){
  for(const text of ["garbage", "{}", "[]", "[null,null,\"room:a\",\"done\"]", "[null,null,1,\"done\",{}]", "null"]){
    const socket = await world.connect()
    const closed = closes(socket)
    const room = await join(socket, "room:a")
    socket.conn.send(text)
    assert.equal((await closed.next()).code, 1011)
    const [status] = await answer(room.push("done")) // on the next connection
    assert.equal(status, "ok")
    socket.disconnect()
  }
}

export async function frameTooLarge(world){
  const socket = await world.connect()
  const closed = closes(socket)
  const room = await join(socket, "room:a")
  const [status] = await answer(room.push("echo", {text: "x".repeat(50_000)}))
  assert.equal(status, "ok")
  room.push("echo", {text: "x".repeat(70_000)})
  assert.equal((await closed.next()).code, world.longpoll ? 1011 : 1009)
}
