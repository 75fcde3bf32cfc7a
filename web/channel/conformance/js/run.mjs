// Runs scenarios, one after the other. What to run comes as lines of JSON on the standard input:
//
//   {"name": NAME, "transport": "websocket|longpoll", "serializer": "v2|v1", "url": URL, "control": URL, "patience": MS,
//    "full": BOOL}
//
// What became of each goes as a line of JSON to the standard output, in the same order: {} if it went well, else
// {"error": WORDS}, with what phoenix.js logged. The first line lists all scenarios. The process ends with its input, and after
// an error that no scenario has caught: nobody knows then what still runs.
import {writeSync} from "node:fs"
import {createInterface} from "node:readline"
import {format} from "node:util"
import {forget} from "./inbox.mjs"
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

// tell writes at once: the end of the process does not wait for what console.log has queued.
const tell = line => writeSync(process.stdout.fd, `${JSON.stringify(line)}\n`)

// a scenario may be meant for one transport or one serializer only
tell(Object.entries(scenarios).map(([name, {transport, serializer}]) => ({name, transport, serializer})))

let world
const failure = error => ({error: `${world?.trace.map(line => line()).join("\n")}\n${error?.stack ?? error}`})
console.log = (...args) => world?.log(() => format(...args)) // phoenix.js complains there
process.on("uncaughtException", error => { // in a callback of phoenix.js
  tell(failure(error))
  process.exit(1)
})

// inTime ends a scenario that hangs, while there is a process to tell what phoenix.js logged. No wait within it takes so long.
async function inTime(name, running){
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`scenario ${name} hangs`)), 1.5 * world.patience)
  })
  try { await Promise.race([running, late]) } finally { clearTimeout(timer) }
}

for await (const line of createInterface({input: process.stdin})){
  const {name, ...options} = JSON.parse(line)
  world = new World(options)
  try {
    await inTime(name, scenarios[name](world))
    world.end()
    forget()
    tell({})
  } catch(error){
    tell(failure(error))
    process.exit(1)
  }
}
process.exit(0)
