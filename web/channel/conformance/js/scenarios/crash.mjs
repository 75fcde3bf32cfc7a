import assert from "node:assert/strict"
import {Inbox} from "../inbox.mjs"
import {answer, closes, join, joinAgain, listen, settled} from "../world.mjs"

// A channel that crashes takes nothing along, and is joined again.
export async function crashAndRejoin(world){
  const socket = await world.connect()
  const closed = closes(socket)
  let joins = 0
  const room = socket.channel("room:a", () => ({joins: ++joins}))
  const joined = joinAgain(room), heard = listen(room, "shouted")
  await joined.next()
  const other = await join(socket, "room:b")
  const errors = new Inbox("the error"), othersErrors = new Inbox("an error")
  room.onError(errors.put)
  other.onError(othersErrors.put)

  for(let crash = 1; crash <= 2; crash++){
    room.push("crash")
    assert.deepEqual(await errors.next(), {reason: "channel_crash"})
    assert.equal(await world.ask("terminated"), "room:a crashed")
    assert.deepEqual(await joined.next(), {joins: crash + 1})
    room.push("shout", {crash})
    assert.deepEqual(await heard.next(), {crash})
  }
  await settled(room)
  assert.ok(heard.empty) // one subscription is left
  await settled(other)
  assert.ok(othersErrors.empty && closed.empty)
}

// What is pushed between the crash and the rejoin waits for the rejoin.
export async function pushWhileCrashed(world){
  const socket = await world.connect()
  const room = await join(socket, "room:a")
  const errors = new Inbox("the error")
  room.onError(errors.put)
  room.push("crash")
  await errors.next()
  assert.equal(room.state, "errored")
  assert.deepEqual(await answer(room.push("echo", {n: 1})), ["ok", {n: 1}])
}
