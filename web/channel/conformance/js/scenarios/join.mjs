import assert from "node:assert/strict"
import {Inbox} from "../inbox.mjs"
import {answer, join, joinAgain, listen, settled} from "../world.mjs"

// Params given as a function are asked for with every join.
export async function joinWithParams(world){
  const socket = await world.connect()
  let joins = 0
  const room = socket.channel("room:a", () => ({joins: ++joins, page: {path: "/ü"}}))
  const joined = joinAgain(room)
  assert.deepEqual(await joined.next(), {joins: 1, page: {path: "/ü"}})
  room.push("crash")
  assert.deepEqual(await joined.next(), {joins: 2, page: {path: "/ü"}})
  const plain = socket.channel("room:b")
  assert.deepEqual(await answer(plain.join()), ["ok", {}])
}

// A channel that is joined before the socket is connected is joined as soon as it is.
export async function joinBeforeConnect(world){
  const socket = world.socket()
  const room = socket.channel("room:a", {n: 1})
  const joined = joinAgain(room)
  const done = answer(room.push("echo", {n: 2}))
  socket.connect()
  assert.deepEqual(await joined.next(), {n: 1})
  assert.deepEqual(await done, ["ok", {n: 2}])
}

export async function joinRefused(world){
  const socket = await world.connect("/socket", {rejoinAfterMs: () => 60_000})
  for(const [topic, params, reason] of [
    ["room:a", {refuse: {reason: "unauthorized"}}, "unauthorized"],
    ["room:b", {crash: true}, "join crashed"],
    ["lobby", {}, "unmatched topic"]
  ]){
    const room = socket.channel(topic, params)
    assert.deepEqual(await answer(room.join()), ["error", {reason}])
    assert.equal(room.state, "errored")
  }
}

// phoenix.js repeats a refused join by itself.
export async function joinRefusedAtFirst(world){
  const socket = await world.connect()
  let refuse = {refuse: {reason: "not yet"}}
  const room = socket.channel("room:a", () => refuse)
  const join = room.join()
  const joined = new Inbox("the join"), refused = new Inbox("the refusal")
  join.receive("ok", joined.put).receive("error", refused.put)
  assert.deepEqual(await refused.next(), {reason: "not yet"})
  refuse = {}
  await joined.next()
}

// The server may take longer than the client waits: phoenix.js then leaves and joins anew. V1 has no join_ref that
// would keep the phx_close of the first join from the second.
export async function joinTimeout(world){
  const socket = await world.connect()
  let joins = 0
  const room = socket.channel("room:a", () => ({hold: ++joins === 1, joins}))
  const join = room.join(300)
  const joined = new Inbox("the join"), timedOut = new Inbox("the timeout")
  join.receive("ok", joined.put).receive("timeout", timedOut.put)
  await timedOut.next()
  room.timeout = world.patience // for the next one
  const {joins: which} = await joined.next()
  assert.ok(which > 1)
  await settled(room)
  assert.ok(joined.empty)
}
joinTimeout.serializer = "v2"

export async function tooManyChannels(world){
  const socket = await world.connect("/small", {rejoinAfterMs: () => 60_000})
  const first = await join(socket, "room:1")
  await join(socket, "room:2")
  const third = socket.channel("room:3")
  assert.deepEqual(await answer(third.join()), ["error", {reason: "too many channels joined"}])
  const nowhere = socket.channel("lobby")
  assert.deepEqual(await answer(nowhere.join()), ["error", {reason: "unmatched topic"}])
  third.leave()
  await answer(first.leave())
  assert.equal(await world.ask("terminated"), "room:1 left")
  await settled(await join(socket, "room:3"))
}

// Two channels of one topic: phoenix.js leaves the first when the second joins; for V1 see above.
export async function duplicateChannel(world){
  const socket = await world.connect()
  const first = await join(socket, "room:a", {n: 1})
  const closed = new Inbox("the close of the first")
  first.onClose(closed.put)
  const second = await join(socket, "room:a", {n: 2})
  await closed.next()
  assert.equal(await world.ask("terminated"), "room:a left")
  assert.equal(first.state, "closed")
  await settled(second)
  const heard = listen(second, "shouted")
  second.push("shout", {n: 3})
  assert.deepEqual(await heard.next(), {n: 3})
  await settled(second)
  assert.ok(heard.empty)
}
duplicateChannel.serializer = "v2"

// The bare messages of a second phx_join that no phx_leave came before, as from a client that lost track.
export async function joinTwice(world){
  const socket = await world.connect()
  const {send, next, refs} = bare(world, socket)
  send("7", "phx_join", {n: 1})
  assert.deepEqual(await next(), {...refs("7", "7"), event: "phx_reply", payload: {status: "ok", response: {n: 1}}})
  send("8", "phx_join", {n: 2})
  assert.deepEqual(await next(), {...refs("7", world.v1 ? null : "7"), event: "phx_close", payload: {}})
  assert.deepEqual(await next(), {...refs("8", "8"), event: "phx_reply", payload: {status: "ok", response: {n: 2}}})
  assert.equal(await world.ask("terminated"), "room:a replaced")
  // what the first one pushes now goes nowhere
  assert.deepEqual(await world.ask("everywhere", {topic: "room:a"}), [false, true])
  assert.deepEqual(await next(), {...refs("8", null), event: "pushed", payload: {join: 1}})
}

// A message to a channel that has been joined anew since is dropped, also a leave.
export async function staleJoinRef(world){
  const socket = await world.connect()
  const {send, next, refs} = bare(world, socket)
  send("7", "phx_join", {n: 1}, "7")
  await next()
  send("7", "echo", {n: 1}, "8")
  send("6", "echo", {n: 2}, "9")
  send("6", "phx_leave", {}, "10")
  send(null, "echo", {n: 3}, "11")
  assert.deepEqual(await next(), {...refs("7", "8"), event: "phx_reply", payload: {status: "ok", response: {n: 1}}})
  assert.deepEqual(await next(), {...refs("7", "11"), event: "phx_reply", payload: {status: "ok", response: {n: 3}}})
}
staleJoinRef.serializer = "v2"

// bare speaks with room:a without a channel of phoenix.js. The refs are ours.
function bare(world, socket){
  const messages = new Inbox("a message")
  socket.onMessage(messages.put)
  return {
    send: (joinRef, event, payload, ref = joinRef) => socket.push({join_ref: joinRef, ref, topic: "room:a", event, payload}),
    next: () => messages.next(),
    refs: (joinRef, ref) => ({join_ref: world.v1 ? null : joinRef, ref, topic: "room:a"})
  }
}

export async function leave(world){
  const socket = await world.connect()
  const messages = new Inbox("a message")
  const room = await join(socket, "room:a")
  const other = await join(socket, "room:b")
  const joinRef = room.joinRef()
  const closed = new Inbox("the close"), heard = listen(room, "shouted")
  room.onClose(closed.put)
  socket.onMessage(messages.put)
  assert.deepEqual(await answer(room.leave()), ["ok", {}])
  await closed.next()
  assert.equal(room.state, "closed")
  assert.equal((await messages.next()).event, "phx_reply")
  assert.deepEqual(await messages.next(), world.v1 ?
    {join_ref: null, ref: null, topic: "room:a", event: "phx_close", payload: {}} :
    {join_ref: joinRef, ref: joinRef, topic: "room:a", event: "phx_close", payload: {}})
  assert.equal(await world.ask("terminated"), "room:a left")

  await world.ask("broadcast", {topic: "room:a", event: "shouted", payload: {}})
  await settled(other)
  assert.ok(heard.empty)
  await settled(await join(socket, "room:a"))
}

// What is sent to a topic that the server does not know of, or not any more.
export async function unmatchedTopic(world){
  const socket = await world.connect()
  const messages = new Inbox("a message")
  socket.onMessage(messages.put)
  for(const [topic, event, payload] of [
    ["room:a", "echo", {status: "error", response: {reason: "unmatched topic"}}],
    ["lobby", "echo", {status: "error", response: {reason: "unmatched topic"}}],
    ["room:a", "phx_leave", {status: "ok", response: {}}]
  ]){
    socket.push({join_ref: "1", ref: "2", topic, event, payload: {}})
    const {topic: from, ref, payload: got} = await messages.next()
    assert.deepEqual([from, ref, got], [topic, "2", payload])
  }
}
