import assert from "node:assert/strict"
import {answer, closes, cut, join, joinAgain, listen, settled} from "../world.mjs"

// visit connects a client that counts how often it is asked for its params; phoenix.js asks more than once a connect.
async function visit(world){
  let visits = 0, joins = 0
  const socket = await world.connect("/socket", {params: () => ({user: "ann", visit: ++visits})})
  const room = socket.channel("room:a", () => ({joins: ++joins}))
  const joined = joinAgain(room)
  assert.deepEqual(await joined.next(), {joins: 1})
  const lobby = await join(socket, "room:lobby")
  const [, {visit}] = await answer(room.push("whoami"))
  return {visit, room, joined, lobby, closed: closes(socket), heard: listen(room, "shouted")}
}

// back checks that a client is connected anew, has joined anew, once, and misses nothing.
async function back(world, {visit, room, joined, lobby, heard}){
  const {joins} = await joined.next()
  assert.ok(joins > 1)
  const [, who] = await answer(room.push("whoami"))
  assert.ok(Number(who.visit) > Number(visit), `visit is ${who.visit}, was ${visit}`)
  await settled(lobby)
  await world.ask("broadcast", {topic: "room:a", event: "shouted", payload: {n: 1}})
  assert.deepEqual(await heard.next(), {n: 1})
  await settled(room)
  assert.ok(heard.empty)
}

// The server is drained, and comes back on the same port. What is pushed meanwhile is sent then.
export async function restart(world){
  const client = await visit(world)
  await world.ask("stop")
  const {code} = await client.closed.next()
  world.longpoll ? assert.ok([3410, 1011].includes(code), `code ${code}`) : assert.equal(code, 1012)
  const ended = [await world.ask("terminated"), await world.ask("terminated")].sort()
  assert.deepEqual(ended, ["room:a closed", "room:lobby closed"])
  const kept = answer(client.room.push("echo", {kept: true}))
  await world.ask("start")
  assert.deepEqual(await kept, ["ok", {kept: true}])
  await back(world, client)
}

// The connection breaks without a word.
export async function brokenConnection(world){
  const client = await visit(world)
  assert.equal((await cut(world, client.closed)).code, world.longpoll ? 1011 : 1006)
  await back(world, client)
}

// Both, again and again.
export async function restlessServer(world){
  const client = await visit(world)
  for(let i = 0; i < 3; i++){
    await cut(world, client.closed)
    await client.joined.next()
    await world.ask("stop")
    await client.closed.next()
    await world.ask("start")
    await settled(client.room)
    await settled(client.lobby)
  }
}
