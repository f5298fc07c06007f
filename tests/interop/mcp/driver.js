// What the conformance program starts in place of a person who starts the example's client: it passes on what a person
// would type, and a browser. The last argument is the URL of the MCP server.

import { spawnSync } from 'node:child_process'

const url = new URL(process.argv.at(-1))
const { MCP_CONFORMANCE_SCENARIO: scenario, MCP_CONFORMANCE_CONTEXT: context = '{}' } = process.env
const { client_id, client_secret, issuer, valid_jwt } = JSON.parse(context)
const version = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION

const args = ['--loopback', '--document', 'https://conformance-test.local/client-metadata.json']
if (version) args.push('--protocol-version', version)
if (client_id) args.push('--client-id', client_id, '--issuer', issuer ?? await issuerOf(url))
if (scenario === 'auth/client-credentials-basic') args.push('--unattended')
if (valid_jwt) args.push('--unattended')

const browser = new URL('browser.js', import.meta.url).pathname
const env = { ...process.env, BROWSER: `${process.execPath} ${browser}` }
if (client_secret) env.CLIENT_SECRET = client_secret
if (valid_jwt) env.ASSERTION = valid_jwt
const { status } = spawnSync(process.env.MCP_CLIENT, [...args, url.href], { stdio: 'inherit', env })
process.exit(status ?? 1)

/** Where the scenario does not say at which server the client is registered, it is at its own. */
async function issuerOf({ origin, pathname }) {
  const metadata = await (await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`)).json()
  return metadata.authorization_servers[0]
}
