// What people do to pages, in Debian's chromium: they press twice, go back, load again, and open tabs. And what clients
// do with the people they get back.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, beforeEach, afterEach, describe, test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { launch } from './browser.js'
import { alice, authorizationRequest, startHost } from './host.js'

const native = { client_id: 'native' }
let browser, host, client, elsewhere, callback, home, answer, seen

const listen = async (server) => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${server.address().port}`
}

const page_ = (text) => (_, response) =>
  response.setHeader('content-type', 'text/html').end(`<!doctype html><title>client</title>${text}`)

before(async () => {
  host = await startHost('sqlite')
  client = createServer((request, response) => {
    if (request.url.startsWith('/callback')) seen.push(request.url)
    answer(request, response)
  })
  elsewhere = createServer(page_('At home'))
  callback = `${await listen(client)}/callback`
  home = `${await listen(elsewhere)}/`
  browser = await launch()
})

after(async () => {
  await browser?.close()
  client?.close()
  elsewhere?.close()
  await host?.stop()
})

const request = () => authorizationRequest(host.server, 'native', callback, 'read write profile')
const isConsent = (page) => page.waitForSelector('[name=decision]')

async function fillIn(page) {
  await page.waitForSelector('[name=username]')
  await page.fill('[name=username]', alice.username)
  await page.fill('[name=password]', alice.password)
}

async function logIn(page) {
  await fillIn(page)
  await page.click('form button')
}

/** Redeems what the client got: whatever people pressed, there is one code, and it is good. */
async function redeem(page, { code_verifier, state }) {
  const params = oauth.validateAuthResponse(host.server, native, new URL(page.url()), state)
  const response = await oauth.authorizationCodeGrantRequest(host.server, native, oauth.None(), params, callback,
    code_verifier, { [oauth.allowInsecureRequests]: true })
  return oauth.processAuthorizationCodeResponse(host.server, native, response)
}

describe('in a browser', () => {
  let context, page
  beforeEach(async () => {
    seen = []
    answer = page_('Back at the client')
    context = await browser.newContext()
    context.setDefaultTimeout(30_000)
    page = await context.newPage()
  })
  afterEach(() => context.close())

  for (const status of [302, 303, 307]) {
    test(`a client whose callback redirects on by ${status} gets its user home, from a decision and from a login`, async () => {
      const violations = []
      page.on('console', (message) => /Content Security Policy/.test(message.text()) && violations.push(message.text()))
      answer = (_, response) => response.writeHead(status, { location: home }).end()
      for (const decision of ['approve', 'deny']) {
        await page.goto((await request()).url.href)
        if (decision === 'approve') await logIn(page)
        await page.click(`[name=decision][value=${decision}]`)
        await page.waitForURL(home)
      }
      // An error that is told once somebody has logged in: the login form itself leads to the client.
      await context.clearCookies()
      const { url } = await request()
      url.searchParams.set('scope', 'no-such')
      await page.goto(url.href)
      await logIn(page)
      await page.waitForURL(home)
      assert.deepEqual(violations, [])
      assert.equal(seen.length, 3)
    })
  }

  /** Two clicks at the same place: the page is still there, as the network is slow. */
  async function pressTwice(selector, pause) {
    const network = await context.newCDPSession(page)
    const slow = { offline: false, latency: 400, downloadThroughput: -1, uploadThroughput: -1 }
    await network.send('Network.emulateNetworkConditions', slow)
    const { x, y, width, height } = await page.locator(selector).boundingBox()
    for (let pressed = 0; pressed < 2; pressed++) {
      await page.mouse.click(x + width / 2, y + height / 2)
      await page.waitForTimeout(pause)
    }
    await network.send('Network.emulateNetworkConditions', { ...slow, latency: 0 })
    await network.detach()
  }

  for (const pause of [0, 100, 300]) {
    test(`every button may be pressed twice, ${pause} ms apart`, async () => {
      let asked = await request()
      await page.goto(asked.url.href)
      await fillIn(page)
      await pressTwice('form button', pause)
      await isConsent(page)
      await pressTwice('[value=approve]', pause)
      await page.waitForURL(`${callback}?**`)
      const { refresh_token } = await redeem(page, asked)
      assert.equal(new Set(seen).size, 1, 'one decision, one code')

      asked = await request()
      await page.goto(asked.url.href)
      await isConsent(page)
      await pressTwice('[value=deny]', pause)
      await page.waitForURL(`${callback}?**`)
      assert.throws(() => oauth.validateAuthResponse(host.server, native, new URL(page.url()), asked.state),
        { error: 'access_denied' })

      await page.goto(`${host.server.issuer}/applications`)
      await pressTwice('button:text-is("Revoke")', pause)
      await page.waitForSelector('text=No application holds anything')
      const refused = await oauth.refreshTokenGrantRequest(host.server, native, oauth.None(), refresh_token,
        { [oauth.allowInsecureRequests]: true })
      assert.equal(refused.status, 400)

      await pressTwice('button:text-is("Log out everywhere")', pause)
      await page.waitForURL(`${host.server.issuer}/`)
      await page.goto(`${host.server.issuer}/applications`)
      await fillIn(page)
      await pressTwice('form button', pause)
      await page.waitForSelector('text=You are logged in as')
    })
  }

  test('a client on the same host has cookies of its own, of whatever name and text', async () => {
    const own = ['session=client', 'csrf=client', 'name=J\u00c3\u00bcrgen', '__Host-session=no', 'sid=1']
    const cookies = own.map((cookie) => `${cookie}; Path=/`)
    answer = (request, response) => {
      seen.at(-1).cookies = request.headers.cookie
      response.setHeader('set-cookie', cookies)
      page_('Back at the client')(request, response)
    }
    seen = { push: () => {}, at: () => seen.last ??= {} }
    await page.goto(new URL('/', callback).href) // it sets them before and after
    for (let round = 0; round < 3; round++) {
      const asked = await request()
      await page.goto(asked.url.href)
      if (round === 0) await logIn(page)
      await isConsent(page)
      await page.reload()
      await page.click('[value=approve]')
      await page.waitForURL(`${callback}?**`)
      await redeem(page, asked)
      assert.match(seen.last.cookies, /(^|; )session=client(;|$)/, "the client's is left alone")
    }
  })

  test('pages may be loaded again, and left and come back to', async () => {
    const asked = await request()
    await page.goto(asked.url.href)
    await page.reload()
    await fillIn(page)
    await page.fill('[name=password]', 'wrong')
    await page.click('form button')
    await page.waitForSelector('text=password is wrong')
    await page.reload() // the browser sends the form again
    await page.waitForSelector('text=password is wrong')
    await page.goto(asked.url.href)
    await logIn(page)
    await isConsent(page)
    await page.reload()
    await page.click('text=applications that you allowed')
    await page.waitForSelector('text=Log out everywhere')
    await page.goBack()
    await isConsent(page)
    await page.goBack() // to the login form
    await page.goForward()
    await isConsent(page)
    await page.click('[value=approve]')
    await page.waitForURL(`${callback}?**`)
    const url = page.url()
    await page.reload()
    assert.equal(page.url(), url)
    await redeem(page, asked)
    // Back at a page that was answered: it says so, and one's own pages are still there.
    await page.goBack()
    await page.waitForSelector('text=answered already')
    await page.goto(`${host.server.issuer}/applications`)
    await page.waitForSelector('text=You are logged in as')
  })

  test('an error that the client was told is told again to whoever comes back', async () => {
    const { url } = await request()
    url.searchParams.set('scope', 'no-such')
    await page.goto(url.href)
    await logIn(page)
    await page.waitForURL(`${callback}?**`)
    await page.goto(url.href)
    await page.waitForURL(`${callback}?**`)
    assert.equal(new URL(page.url()).searchParams.get('error'), 'invalid_scope')
  })

  test('two tabs log in and are answered, in whatever order', async () => {
    for (const first of [0, 1]) {
      await context.clearCookies()
      const tabs = await Promise.all([0, 1].map(async () => {
        const tab = await context.newPage()
        const asked = await request()
        return { tab, asked }
      }))
      for (const { tab, asked } of tabs) await tab.goto(asked.url.href)
      for (const { tab } of tabs) {
        await logIn(tab)
        await isConsent(tab)
      }
      for (const { tab, asked } of first ? tabs.reverse() : tabs) {
        await tab.click('[value=approve]')
        await tab.waitForURL(`${callback}?**`)
        await redeem(tab, asked)
        await tab.close()
      }
    }
  })

  test('two tabs that open at once, at the first visit, both come through', async () => {
    const tabs = await Promise.all([0, 1].map(async () => {
      const tab = await context.newPage()
      const asked = await request()
      await tab.goto(asked.url.href)
      return { tab, asked }
    }))
    for (const { tab, asked } of tabs) {
      await logIn(tab)
      // Of two cookies one is left: the page of the other asks once more.
      await tab.waitForSelector('[name=decision], [role=alert]')
      if (await tab.isVisible('[role=alert]')) await logIn(tab)
      await isConsent(tab)
      await tab.click('[value=approve]')
      await tab.waitForURL(`${callback}?**`)
      await redeem(tab, asked)
    }
  })
})
