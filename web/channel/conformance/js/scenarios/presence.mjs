import assert from "node:assert/strict"
import {isDeepStrictEqual} from "node:util"
import {Inbox} from "../inbox.mjs"
import {answer, joinAgain, Presence} from "../world.mjs"

// visitor joins presence:a and keeps what Presence says. It hears of itself twice: by the state, and by its own diff,
// which has to wait for the state if it comes before.
async function visitor(world, key, mood){
  const socket = await world.connect()
  const channel = socket.channel("presence:a", {key, mood})
  const presence = new Presence(channel)
  const changes = new Inbox("a change"), synced = new Inbox("a sync")
  presence.onJoin((key, before, now) => changes.put(["join", key, moods(before), moods(now)]))
  presence.onLeave((key, after, gone) => changes.put(["leave", key, moods(after), moods(gone)]))
  presence.onSync(() => synced.put(state(presence)))
  const joined = joinAgain(channel)
  await joined.next()
  return {socket, channel, presence, changes, synced, joined}
}

const moods = presence => presence ? presence.metas.map(meta => meta.mood) : []
const state = presence => Object.fromEntries(presence.list((key, {metas}) => [key, metas.map(meta => meta.mood)]))

// until waits for the sync after which a visitor lists just these.
async function until({synced}, want){
  for(;;){
    if(isDeepStrictEqual(await synced.next(), want)){ return }
  }
}

export async function presence(world){
  const ann = await visitor(world, "ann", "fine")
  await until(ann, {ann: ["fine"]})
  assert.deepEqual(await ann.changes.take(2), [["join", "ann", [], ["fine"]], ["join", "ann", ["fine"], ["fine"]]])

  const bob = await visitor(world, "bob", "tired")
  await until(ann, {ann: ["fine"], bob: ["tired"]})
  assert.deepEqual(await ann.changes.next(), ["join", "bob", [], ["tired"]])
  await until(bob, {ann: ["fine"], bob: ["tired"]})

  // a second tab of bob's, which changes its mood and goes
  const tab = await visitor(world, "bob", "awake")
  await until(ann, {ann: ["fine"], bob: ["tired", "awake"]})
  assert.deepEqual(await ann.changes.next(), ["join", "bob", ["tired"], ["awake"]])
  assert.deepEqual(await answer(tab.channel.push("mood", "bored")), ["ok", {}])
  await until(ann, {ann: ["fine"], bob: ["tired", "bored"]})
  assert.deepEqual(await ann.changes.next(), ["join", "bob", ["tired", "awake"], ["bored"]])
  assert.deepEqual(await ann.changes.next(), ["leave", "bob", ["tired", "bored"], ["awake"]])
  const metas = ann.presence.list((key, {metas}) => metas).flat()
  assert.equal(new Set(metas.map(meta => meta.phx_ref)).size, 3)
  assert.deepEqual(metas.map(meta => typeof meta.phx_ref_prev), ["undefined", "undefined", "string"])
  await answer(tab.channel.leave())
  await until(ann, {ann: ["fine"], bob: ["tired"]})
  assert.deepEqual(await ann.changes.next(), ["leave", "bob", ["tired"], ["bored"]])

  await answer(bob.channel.leave())
  await until(ann, {ann: ["fine"]})
  assert.deepEqual(await ann.changes.next(), ["leave", "bob", [], ["tired"]])
  assert.ok(ann.changes.empty)
}

// Many joins, updates and leaves on two nodes: the client ends with the server's list, in which is all that stayed.
export async function manyPresences(world){
  const {presence, synced} = await visitor(world, "ann", "fine")
  const stayed = await world.ask("churn", {topic: "presence:a", n: world.full ? 1000 : 250})
  const sorted = lists => Object.fromEntries(Object.keys(lists).sort().map(key => [key, lists[key].sort()]))
  for(;;){
    const want = sorted(await world.ask("roll", {topic: "presence:a"})), list = sorted(state(presence))
    if(Object.values(want).flat().length === stayed + 1 && isDeepStrictEqual(list, want)){ return } // ann is there too
    world.log(() => `the client lists ${JSON.stringify(list)}, the server ${JSON.stringify(want)}`)
    await synced.next()
  }
}

// Keys come from the server, and may be names that JavaScript's objects have already.
export async function presenceWithOddKeys(world){
  const keys = ["constructor", "__proto__", "ü & ö", ""]
  for(const key of keys){
    const {presence, synced} = await visitor(world, key, "fine")
    await synced.next()
    assert.ok(presence.list(key => key).includes(key))
  }
}

// After a reconnect the state is compared with the one before: who came back is told as a join and a leave of metas, and as
// a join once more by its own diff.
export async function presenceAfterRestart(world){
  const ann = await visitor(world, "ann", "fine")
  await until(ann, {ann: ["fine"]})
  await ann.changes.take(2)
  await world.ask("stop")
  await world.ask("start")
  await ann.joined.next()
  const [join, leave] = await ann.changes.take(2)
  assert.deepEqual(join, ["join", "ann", ["fine"], ["fine"]])
  assert.deepEqual(leave, ["leave", "ann", ["fine"], ["fine"]])
  await until(ann, {ann: ["fine"]})
}
