// A browser at which Alice sits, who logs in and approves. The last argument is the URL.

import { decide } from '../js/host.js'

await fetch(await decide(new URL(process.argv.at(-1)), 'approve'))
