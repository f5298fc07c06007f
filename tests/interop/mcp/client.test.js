// The MCP conformance program against the example's client, which driver.js starts for it. Each scenario has a server
// of its own, right or wrong in something.

import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { EXPECTED, conformance, expected, faults } from './programs.js'

const driver = new URL('driver.js', import.meta.url).pathname
const command = `${process.execPath} ${driver}`

const { lines } = await conformance(['list', '--client'])
const scenarios = lines.flatMap((line) => line.match(/^ +- (auth\/\S+)/)?.[1] ?? [])

test('there are the scenarios that there were', () => {
  assert(scenarios.length >= 33, lines.join('\n'))
  for (const name of expected.keys()) assert(scenarios.includes(name), `${name} is expected to fail, and there is none`)
})

test('each scenario, alone', { concurrency: availableParallelism() }, async (t) => {
  await Promise.all(scenarios.map((name) => t.test(name, async () => {
    const { code, lines, checks } = await conformance(['client', '--scenario', name, '--command', command])
    const isGood = code === 0 && checks.length > 0 && faults(checks).length === 0
    if (expected.has(name)) assert(!isGood, `${name} passes: take it out of expected-failures.yml`)
    else assert(isGood, lines.join('\n'))
  })))
})

test('the suite auth, all at once', async () => {
  judge(await conformance(['client', '--suite', 'auth', '--command', command, '--expected-failures', EXPECTED]), 14, 0)
})

// The rest of that set is not about authorization, and needs an MCP client that has more than tools.
test('what the revision 2026-07-28 requires of a client about authorization', async () => {
  judge(await conformance(['client', '--requirements', '2026-07-28', '--command', command]), 31)
})

/** Judges the summary of a suite: of so many scenarios about authorization, those that are expected to fail do. */
function judge({ code, lines }, atLeast, expectedCode = code) {
  const told = lines.join('\n')
  const results = lines.flatMap((line) => {
    const found = line.match(/^([✓✗]) (auth\/[^:\s]+): \d+ passed, \d+ failed/)
    return found ? [{ isGood: found[1] === '✓', name: found[2] }] : []
  })
  assert(results.length >= atLeast, told)
  for (const { isGood, name } of results) assert.equal(isGood, !expected.has(name), `${name}\n${told}`)
  assert.equal(code, expectedCode, told)
}
