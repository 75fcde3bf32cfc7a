import assert from "node:assert/strict"
import {answer, join, listen, settled} from "../world.mjs"

export async function reply(world){
  const room = await join(await world.connect(), "room:a")
  for(const payload of [
    {}, {n: 1.5, deep: {list: [null, true, []]}}, {text: "é😀\u2028\n\"\\<&>\u0000"}, [1, [2]], "text", 7, true
  ]){
    assert.deepEqual(await answer(room.push("echo", payload)), ["ok", payload])
  }
  assert.deepEqual(await answer(room.push("done")), ["ok", {}])
}

export async function errorReply(world){
  const room = await join(await world.connect(), "room:a")
  assert.deepEqual(await answer(room.push("refuse", {error: "sold_out"})), ["error", {error: "sold_out"}])
  assert.deepEqual(await answer(room.push("fail")), ["error", {reason: "internal error"}])
  assert.deepEqual(await answer(room.push("nobody knows it")), ["error", {reason: "unknown event"}])
  await settled(room)
}

export async function noReply(world){
  const room = await join(await world.connect(), "room:a")
  const timeout = answer(room.push("silent", {}, 200))
  await settled(room)
  assert.deepEqual(await timeout, ["timeout", {}])
}

// A reply that comes after the timeout is nobody's.
export async function lateReply(world){
  const room = await join(await world.connect(), "room:a")
  const push = room.push("hold", {n: 1}, 200)
  assert.deepEqual(await answer(push), ["timeout", {}])
  await world.ask("release")
  assert.deepEqual(await answer(room.push("echo", {n: 2})), ["ok", {n: 2}])
  assert.equal(push.receivedResp.status, "timeout")
}

// A channel that takes its time holds up no other.
export async function delayedReply(world){
  const socket = await world.connect()
  const slow = await join(socket, "room:slow"), fast = await join(socket, "room:fast")
  const order = []
  const delayed = answer(slow.push("hold", {n: 1})).then(got => { order.push("slow"); return got })
  assert.deepEqual(await answer(fast.push("echo", {n: 2})), ["ok", {n: 2}])
  order.push("fast")
  await world.ask("release")
  assert.deepEqual(await delayed, ["ok", {n: 1}])
  assert.deepEqual(order, ["fast", "slow"])
}

// More than long-poll sends at a time, some of it before the join is answered.
export async function manyPushes(world){
  const many = world.full ? 250 : 130
  const socket = await world.connect()
  const room = socket.channel("room:a")
  const heard = listen(room, "pushed")
  room.join()
  const answers = []
  for(let n = 0; n < many; n++){
    if(n === 100){ await settled(room) }
    answers.push(answer(room.push("echo", {n})))
    room.push("push", {n})
  }
  for(let n = 0; n < many; n++){
    assert.deepEqual(await answers[n], ["ok", {n}])
    assert.deepEqual(await heard.next(), {n})
  }
}

// What the server pushes carries the channel's join_ref and no ref.
export async function serverPush(world){
  const socket = await world.connect()
  const room = await join(socket, "room:a"), other = await join(socket, "room:b")
  const heard = listen(room, "pushed"), othersHeard = listen(other, "pushed")
  let last
  socket.onMessage(message => last = message)
  room.push("push", {n: 1})
  assert.deepEqual(await heard.next(), {n: 1})
  assert.deepEqual(last, {
    join_ref: world.v1 ? null : room.joinRef(), ref: null, topic: "room:a", event: "pushed", payload: {n: 1}
  })
  await settled(other)
  assert.ok(othersHeard.empty)
}
