import assert from "node:assert/strict"
import {answer, closes, cut, join} from "../world.mjs"
import {refused} from "./connect.mjs"

// The token goes by a subprotocol or a header; a function is asked for it with every connect.
export async function authToken(world){
  let tokens = 0
  const socket = await world.connect("/guarded", {authToken: () => `token-${++tokens}`})
  const closed = closes(socket)
  const room = await join(socket, "room:a")
  const [, before] = await answer(room.push("whoami"))
  assert.equal(before.token, "token-1")
  await cut(world, closed)
  const [, after] = await answer(room.push("whoami"))
  assert.match(after.token, /^token-\d+$/)
  assert.notEqual(after.token, before.token)
}

// Base64 with and without a rest, and with its letter + that base64url has not.
export async function authTokensOfAllLengths(world){
  for(const authToken of ["token-", "token-~", "token-~~", "token-~~~", "token->>>>", "token- .:;{}[]\"'\\"]){
    const socket = await world.connect("/guarded", {authToken})
    const [, who] = await answer((await join(socket, "room:a")).push("whoami"))
    assert.equal(who.token, authToken)
    socket.disconnect()
  }
}

export const withoutAuthToken = world => refused(world, "/guarded", {}, 403)
export const withWrongAuthToken = world => refused(world, "/guarded", {authToken: "stolen"}, 403)
