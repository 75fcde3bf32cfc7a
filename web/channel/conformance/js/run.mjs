// Runs one scenario, or lists them all:
//
//   node run.mjs list
//   node run.mjs NAME websocket|longpoll v2|v1 URL CONTROL
//
// The exit code says how it went. What phoenix.js logged is printed when it went wrong.
import {writeSync} from "node:fs"
import {format} from "node:util"
import * as auth from "./scenarios/auth.mjs"
import * as binary from "./scenarios/binary.mjs"
import * as broadcast from "./scenarios/broadcast.mjs"
import * as connect from "./scenarios/connect.mjs"
import * as crash from "./scenarios/crash.mjs"
import * as fallback from "./scenarios/fallback.mjs"
import * as join from "./scenarios/join.mjs"
import * as presence from "./scenarios/presence.mjs"
import * as push from "./scenarios/push.mjs"
import * as reconnect from "./scenarios/reconnect.mjs"
import {World} from "./world.mjs"

const {refused, ...connects} = connect
const scenarios = {}
for(const module of [connects, auth, join, push, broadcast, crash, reconnect, fallback, presence, binary]){
  for(const [name, scenario] of Object.entries(module)){
    if(name in scenarios){ throw new Error(`two scenarios are called ${name}`) }
    scenarios[name] = scenario
  }
}

const [name, transport, serializer, url, control] = process.argv.slice(2)
if(name === "list"){
  // a scenario may be meant for one transport or one serializer only
  const all = Object.entries(scenarios).map(([name, {transport, serializer}]) => ({name, transport, serializer}))
  console.log(JSON.stringify(all))
} else {
  const world = new World({transport, serializer, url, control})
  console.log = (...args) => world.trace.push(format(...args)) // phoenix.js complains there
  const fail = error => {
    // at once: exit does not wait for what console.log has queued
    writeSync(process.stdout.fd, `${world.trace.slice(-50).join("\n")}\n${error.stack}\n`)
    process.exit(1)
  }
  process.on("uncaughtException", fail) // in a callback of phoenix.js
  scenarios[name](world).then(() => process.exit(0), fail)
}
