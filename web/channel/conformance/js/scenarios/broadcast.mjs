import assert from "node:assert/strict"
import {join, listen, settled} from "../world.mjs"

// crowd is two clients in one room, one of them in another as well.
async function crowd(world, event){
  const ann = await world.connect(), bob = await world.connect()
  const rooms = [await join(ann, "room:a"), await join(bob, "room:a"), await join(bob, "room:b")]
  return {ann, rooms, heard: rooms.map(room => listen(room, event))}
}

export async function broadcast(world){
  const {ann, rooms: [annsRoom, bobsRoom, elsewhere], heard: [ann_, bob_, elsewhere_]} = await crowd(world, "shouted")
  const messages = []
  ann.onMessage(({event, join_ref, ref}) => event === "shouted" && messages.push([join_ref, ref]))
  const all = Array.from({length: 30}, (_, n) => ({n}))
  all.forEach(payload => annsRoom.push("shout", payload))
  assert.deepEqual(await ann_.take(30), all)
  assert.deepEqual(await bob_.take(30), all)
  assert.deepEqual(messages, all.map(() => [null, null]))
  bobsRoom.push("shout", {text: "é😀"})
  assert.deepEqual(await ann_.next(), {text: "é😀"})
  assert.deepEqual(await bob_.next(), {text: "é😀"})
  await settled(elsewhere)
  assert.ok(elsewhere_.empty)
}

export async function broadcastFrom(world){
  const {rooms: [annsRoom], heard: [ann_, bob_]} = await crowd(world, "whispered")
  annsRoom.push("whisper", {n: 1})
  assert.deepEqual(await bob_.next(), {n: 1})
  await settled(annsRoom)
  assert.ok(ann_.empty)
}

// The application broadcasts without a socket of its own.
export async function broadcastFromOutside(world){
  const {rooms: [, , elsewhere], heard: [ann_, bob_, elsewhere_]} = await crowd(world, "news")
  await world.ask("broadcast", {topic: "room:a", event: "news", payload: {n: 1}})
  assert.deepEqual(await ann_.next(), {n: 1})
  assert.deepEqual(await bob_.next(), {n: 1})
  await settled(elsewhere)
  assert.ok(elsewhere_.empty)
}

// Clients of both transports and both serializers hear the same.
export async function mixedClients(world){
  const worlds = ["websocket", "longpoll"].flatMap(transport => ["v1", "v2"].map(serializer => world.with({transport, serializer})))
  const rooms = await Promise.all(worlds.map(async world => join(await world.connect(), "room:a")))
  const heard = rooms.map(room => listen(room, "shouted"))
  for(let from = 0; from < rooms.length; from++){
    rooms[from].push("shout", {from})
    for(const inbox of heard){ assert.deepEqual(await inbox.next(), {from}) }
  }
}
mixedClients.transport = "websocket" // which says it once
mixedClients.serializer = "v2"
