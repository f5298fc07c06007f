// oidc-provider with its memory adapter and one client, which may have tokens and introspect them.

import Provider from 'oidc-provider'

const [port, secret] = process.argv.slice(2)
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'svc',
    client_secret: secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  }],
  cookies: { keys: ['a key of nothing'] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
  },
})
// A line for each token, as the others write it.
provider.on('client_credentials.saved', (token) => console.error(`issued ${token.jti} to ${token.clientId}`))
provider.listen(port, '127.0.0.1')
process.stdin.resume().on('end', () => process.exit())
