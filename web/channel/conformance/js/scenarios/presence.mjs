import assert from "node:assert/strict"
import {Inbox} from "../inbox.mjs"
import {answer, joinAgain, Presence} from "../world.mjs"

// visitor joins presence:a and keeps what Presence says. It hears of itself twice: by the state, and by its own diff,
// which came before the state and had to wait for it.
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

export async function presence(world){
  const ann = await visitor(world, "ann", "fine")
  assert.deepEqual(await ann.synced.next(), {ann: ["fine"]})
  assert.deepEqual(await ann.changes.take(2), [["join", "ann", [], ["fine"]], ["join", "ann", ["fine"], ["fine"]]])

  const bob = await visitor(world, "bob", "tired")
  assert.deepEqual(await ann.synced.next(), {ann: ["fine"], bob: ["tired"]})
  assert.deepEqual(await ann.changes.next(), ["join", "bob", [], ["tired"]])
  assert.deepEqual(await bob.synced.next(), {ann: ["fine"], bob: ["tired"]})

  // a second tab of bob's, which changes its mood and goes
  const tab = await visitor(world, "bob", "awake")
  assert.deepEqual(await ann.synced.next(), {ann: ["fine"], bob: ["tired", "awake"]})
  assert.deepEqual(await ann.changes.next(), ["join", "bob", ["tired"], ["awake"]])
  assert.deepEqual(await answer(tab.channel.push("mood", "bored")), ["ok", {}])
  assert.deepEqual(await ann.synced.next(), {ann: ["fine"], bob: ["tired", "bored"]})
  assert.deepEqual(await ann.changes.next(), ["join", "bob", ["tired", "awake"], ["bored"]])
  assert.deepEqual(await ann.changes.next(), ["leave", "bob", ["tired", "bored"], ["awake"]])
  await answer(tab.channel.leave())
  assert.deepEqual(await ann.synced.next(), {ann: ["fine"], bob: ["tired"]})
  assert.deepEqual(await ann.changes.next(), ["leave", "bob", ["tired"], ["bored"]])

  await answer(bob.channel.leave())
  assert.deepEqual(await ann.synced.next(), {ann: ["fine"]})
  assert.deepEqual(await ann.changes.next(), ["leave", "bob", [], ["tired"]])
  assert.ok(ann.changes.empty && ann.synced.empty)
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

// After a reconnect the state is compared with the one before: who stayed is told as a leave and a join of metas.
export async function presenceAfterRestart(world){
  const ann = await visitor(world, "ann", "fine")
  assert.deepEqual(await ann.synced.next(), {ann: ["fine"]})
  await ann.changes.take(2)
  await world.ask("stop")
  await world.ask("start")
  await ann.joined.next()
  assert.deepEqual(await ann.synced.next(), {ann: ["fine"]})
  const [join, leave] = await ann.changes.take(2)
  assert.deepEqual(join, ["join", "ann", ["fine"], ["fine"]])
  assert.deepEqual(leave, ["leave", "ann", ["fine"], ["fine"]])
}
