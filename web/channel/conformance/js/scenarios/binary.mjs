import assert from "node:assert/strict"
import {answer, join, listen, settled} from "../world.mjs"

const buffer = (...bytes) => Uint8Array.from(bytes).buffer
const all = Array.from({length: 256}, (_, n) => n)
const payloads = [buffer(), buffer(0), buffer(...all), new Uint8Array(50_000).fill(0xff).buffer]

// What phoenix.js takes from the server as bytes it decodes only on a WebSocket.
export async function binaryReply(world){
  const room = await join(await world.connect(), "room:a")
  for(const payload of payloads){
    assert.deepEqual(await answer(room.push("echo", payload)), ["ok", payload])
    assert.deepEqual(await answer(room.push("refuse", payload)), ["error", payload])
  }
  assert.deepEqual(await answer(room.push("nobody knows it", buffer(1))), ["error", {reason: "unknown event"}])
  assert.deepEqual(await answer(room.push("silent", buffer(1), 200)), ["timeout", {}])
}
binaryReply.serializer = "v2"
binaryReply.transport = "websocket"

export async function binaryPushAndBroadcast(world){
  const ann = await world.connect(), bob = await world.connect()
  const room = await join(ann, "room:ä"), bobsRoom = await join(bob, "room:ä")
  const pushed = listen(room, "pushed"), shouted = listen(room, "shouted"), whispered = listen(room, "whispered")
  const bobShouted = listen(bobsRoom, "shouted"), bobWhispered = listen(bobsRoom, "whispered")
  const messages = []
  ann.onMessage(({event, join_ref, ref}) => event !== "phx_reply" && messages.push([event, join_ref, ref]))
  for(const payload of payloads){
    room.push("push", payload)
    assert.deepEqual(await pushed.next(), payload)
    room.push("shout", payload)
    assert.deepEqual(await shouted.next(), payload)
    assert.deepEqual(await bobShouted.next(), payload)
    room.push("whisper", payload)
    assert.deepEqual(await bobWhispered.next(), payload)
    await settled(room)
  }
  assert.deepEqual(messages, payloads.flatMap(() => [["pushed", room.joinRef(), null], ["shouted", null, null]]))
  assert.ok(whispered.empty)
}
binaryPushAndBroadcast.serializer = "v2"
binaryPushAndBroadcast.transport = "websocket"

// Upwards bytes go over both transports, in their turn among the others.
export async function binaryUp(world){
  const room = await join(await world.connect(), "room:a")
  const answers = []
  for(const payload of payloads){
    answers.push(answer(room.push("count", payload)), answer(room.push("echo", {size: payload.byteLength})))
  }
  for(const {byteLength} of payloads){
    assert.deepEqual(await answers.shift(), ["ok", {bytes: byteLength}])
    assert.deepEqual(await answers.shift(), ["ok", {size: byteLength}])
  }
}
binaryUp.serializer = "v2"
