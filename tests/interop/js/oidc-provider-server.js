// oidc-provider, for grantor's client to talk to. It says where it listens, and serves until its standard input ends.
// It lives below a path, so that its metadata is where OpenID Connect Discovery has it, and not where RFC 8414 has.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const path = '/provider'
const clients = JSON.parse(readFileSync(new URL('../servers/clients.json', import.meta.url), 'utf8'))

/** The one protected resource (RFC 8707); its tokens are opaque. */
const photos = { scope: 'read write', accessTokenTTL: 600, accessTokenFormat: 'opaque' }

const configuration = {
  clients: clients.map(({ scope, ...client }) => client), // there, `scope` would be a scope of OpenID Connect
  cookies: { keys: [randomBytes(32).toString('hex')] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => photos,
      useGrantedResource: () => true,
    },
    revocation: { enabled: true },
  },
  issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
  pkce: { required: () => true },
  rotateRefreshToken: true,
}

const server = createServer().listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}${path}`
  const provide = new Provider(issuer, configuration).callback()
  server.on('request', (request, response) => {
    if (!request.url.startsWith(`${path}/`)) return response.writeHead(404).end()
    request.originalUrl = request.url // by which the provider knows where it is mounted
    request.url = request.url.slice(path.length)
    return provide(request, response)
  })
  console.log(`listening on ${issuer}`)
})
process.stdin.resume().on('end', () => process.exit())
