// The playground of the demo in Debian's chromium: every flow, as a person walks it. Each diagram is kept as a picture
// in target/playground-screenshots.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { launch } from './browser.js'
import { startDemo } from './host.js'

const screenshots = new URL('../../../target/playground-screenshots/', import.meta.url).pathname
const desktop = { width: 1280, height: 900 }
const phone = { width: 390, height: 844 }
let browser, host

before(async () => {
  mkdirSync(screenshots, { recursive: true })
  host = await startDemo()
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await host?.stop()
})

const code = [
  /^303 See Other, to \/authorize$/, /^GET \/authorize$/, /^Authorize: Lookup$/, /^found$/, /^200 OK, the page “Log in”$/,
  /^POST \/login$/, /^303 See Other, to \/consent$/, /^GET \/consent$/, /^200 OK, the page “Allow Photo Printer\?”$/,
  /^POST \/consent$/, /^Decide: Lookup$/, /^found$/, /^Decide: Commit$/, /^applied/,
  /^303 See Other, to \/playground\/callback$/, /^GET \/playground\/callback$/, /^Fetch: POST \/token$/,
  /^Token: Lookup$/, /^found$/, /^Token: Commit$/, /^applied/, /^200 OK$/, /^303 See Other, to \/playground\/run/,
]
const photos = (method, status) => [new RegExp(`^${method} /api/photos$`), /^Check: Lookup$/, /^found$/, new RegExp(`^${status}`)]
const endpoint = (path, machine, ...rest) => [new RegExp(`^Fetch: POST ${path}$`), new RegExp(`^${machine}: Lookup$`), /^found$/, ...rest]
// Of a token that is good, whose client it is is looked up too: it may have been switched off.
const introspected = (status) => [/^GET \/api\/elsewhere\/photos$/,
  ...endpoint('/introspect', 'Introspect', ...(status === 200 ? [/^Introspect: Lookup$/, /^found$/] : []), /^200 OK$/),
  new RegExp(`^${status}`)]
const committed = (machine) => [new RegExp(`^${machine}: Commit$`), /^applied/]

// A pushed request: without a secret in it, the browser is sent away with a reference.
const pushed = (more) => [
  /^Draws the secrets/, ...endpoint('/par', 'Push', ...committed('Push'), /^201 Created$/), ...code.slice(0, 4), ...more,
]
const silent = pushed(code.slice(10))

// A client at the address of its own registration.
const configured = (method, ...rest) => [
  new RegExp(`^Fetch: ${method} /register/`), /^Configure: Lookup$/, /^found$/, ...rest,
]

/** Each flow: the chapters that it has, by the button that leads to each, and the steps that each chapter must have. */
const flows = {
  code: [
    ['Start', code],
    ['List photos with the token', photos('GET', 200)],
    ['Add a photo with the token', photos('POST', 201)],
  ],
  refresh: [
    ['Start', code],
    ['Refresh', endpoint('/token', 'Token', ...committed('Token'), /^200 OK$/)],
    ['List photos with the token', photos('GET', 200)],
    ['Present the old refresh token again', endpoint('/token', 'Token', ...committed('Token'), /^200 OK$/)],
    ['Present the old refresh token again', endpoint('/token', 'Token', ...committed('Token'), /^400 Bad Request$/), 4000],
    ['List photos with the token', photos('GET', 401)],
  ],
  replay: [
    ['Start', code],
    ['List photos with the token', photos('GET', 200)],
    ['Present the code again', endpoint('/token', 'Token', ...committed('Token'), /^400 Bad Request$/)],
    ['List photos with the token', photos('GET', 401)],
  ],
  'client-credentials': [
    ['Start', endpoint('/token', 'Token', ...committed('Token'), /^200 OK$/)],
    ['List photos with the token', photos('GET', 200)],
    ['Add a photo with the token', photos('POST', 403)],
  ],
  introspection: [
    ['Start', endpoint('/token', 'Token', ...committed('Token'), /^200 OK$/)],
    ['List photos at an API elsewhere', introspected(200)],
    ['Revoke the access token', endpoint('/revoke', 'Revoke', ...committed('Revoke'), /^200 OK$/)],
    ['List photos at an API elsewhere', introspected(401)],
  ],
  revocation: [
    ['Start', code],
    ['List photos with the token', photos('GET', 200)],
    ['Revoke the refresh token', endpoint('/revoke', 'Revoke', ...committed('Revoke'), /^200 OK$/)],
    ['List photos with the token', photos('GET', 401)],
  ],
  metadata: [['Start', [
    /^GET \/api\/photos$/, /^401 Unauthorized$/, /^Fetch: GET \/.well-known\/oauth-protected-resource\/api\/photos$/, /^200 OK$/,
    /^Fetch: GET \/.well-known\/oauth-authorization-server$/, /^200 OK$/,
  ]]],
  'form-post': [
    ['Start', [...code.slice(0, 14), /^200 OK, the page “Back to the application”$/, /^POST \/playground\/callback$/, ...code.slice(16)]],
    ['List photos with the token', photos('GET', 200)],
  ],
  pushed: [
    ['Start', pushed([...code.slice(4, 8), /^200 OK, the page “Allow Photo Studio\?”$/, ...code.slice(9)])],
    ['List photos with the token', photos('GET', 200)],
    ['Present the request token again', [/^GET \/authorize$/, /^Authorize: Lookup$/, /^found$/, /^400 Bad Request, the page/]],
    ['Ask again, without a page', silent],
    ['List photos with the token', photos('GET', 200)],
  ],
  rich: [
    ['Start', pushed([...code.slice(4, 8), /^200 OK, the page “Allow Photo Studio\?”$/, ...code.slice(9)])],
    ['List photos at an API elsewhere', introspected(200)],
    ['Refresh', endpoint('/token', 'Token', ...committed('Token'), /^200 OK$/)],
  ],
  registration: [
    ['Start', [/^Fetch: POST \/register$/, ...committed('Register'), /^201 Created$/]],
    ['Ask the resource owner, as the new client', code.map((label) => (/Photo Printer/.test(label) ? /“Allow Poster Shop\?”$/ : label))],
    ['List photos with the token', photos('GET', 200)],
    ["Change the client's name", configured('PUT', ...committed('Configure'), /^200 OK$/)],
    ['Delete the registration', configured('DELETE', ...committed('Configure'), /^204 No Content$/)],
    ['List photos with the token', photos('GET', 401)],
  ],
  device: [
    ['Start', endpoint('/device_authorization', 'AuthorizeDevice', ...committed('AuthorizeDevice'), /^200 OK$/)],
    ['Go to the address and type the code', [
      /^GET \/device$/, /^200 OK, the page “Connect a device”$/, /^POST \/device$/, /^VerifyUserCode: Lookup$/, /^found$/,
      /^VerifyUserCode: Lookup$/, /^found$/, ...code.slice(4, 8), /^200 OK, the page “Allow Photo Frame\?”$/,
      ...code.slice(9, 14), /^200 OK, the page “Your device is connected”$/,
    ]],
    ['Ask whether you have decided', endpoint('/token', 'Token', ...committed('Token'), /^200 OK$/), 5000],
    ['List photos with the token', photos('GET', 200)],
  ],
  implicit: [
    ['Start', [
      ...code.slice(0, 8), /^200 OK, the page “Allow Old Photo Gallery\?”$/, ...code.slice(9, 14),
      /^303 See Other, to \/playground\/callback\/implicit$/, /^GET \/playground\/callback\/implicit$/, /^200 OK, the page/,
      /^POST \/playground\/callback\/implicit$/, /^303 See Other, to \/playground\/run/,
    ]],
    ['List photos with the token', photos('GET', 200)],
  ],
  password: [
    ['Start', endpoint('/token', 'Token', /^Token: Password$/, /^the resource owner$/, ...committed('Token'), /^200 OK$/)],
    ['List photos with the token', photos('GET', 200)],
  ],
}

/** A person with a browser of their own. */
async function visit(options, act) {
  const context = await browser.newContext({ viewport: desktop, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const violations = []
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) violations.push(message.text())
  })
  await act(page)
  assert.deepEqual(violations, [], 'the pages keep their own Content-Security-Policy')
  await context.close()
}

/** Presses a button of the page, with the mouse. */
const press = (page, name) => page.getByRole('button', { name, exact: true }).first().click()

/**
 * Goes where the button leads: through login and consent, if that is the way, and the page that posts the answer, which
 * does so by itself if it may run its script.
 */
async function follow(page, pressesOn = false) {
  await page.waitForURL(/authorize|run/)
  if (/authorize/.test(page.url()) && await page.locator('[name=password]').count()) {
    await page.fill('[name=username]', host.user.username)
    await page.fill('[name=password]', host.user.password)
    await press(page, 'Log in')
    await page.waitForURL(/consent/)
  }
  if (/authorize|consent/.test(page.url())) await press(page, 'Allow')
  if (pressesOn) await press(page, 'Continue')
  await page.waitForURL(/playground\/run/)
}

/** Types the code that the device shows into the page of the server, which opens in another tab; then comes back. */
async function connect(page, button) {
  const shown = await page.locator('.device .code').textContent()
  const [tab] = await Promise.all([page.context().waitForEvent('page'), press(page, button)])
  await tab.waitForURL(/\/device$/)
  await tab.fill('[name=user_code]', shown.toLowerCase())
  await press(tab, 'Go on')
  await tab.fill('[name=username]', host.user.username)
  await tab.fill('[name=password]', host.user.password)
  await press(tab, 'Log in')
  await tab.waitForURL(/consent/)
  assert((await tab.innerText('main')).includes(shown), 'the page says which device')
  await press(tab, 'Allow')
  await tab.waitForSelector('text=Your device is connected')
  await tab.close()
  await page.reload()
}

async function start(page, flow, scripts = true) {
  await page.goto(`${host.issuer}/playground/${flow}`)
  if (flow === 'password') {
    await page.fill('[name=username]', host.user.username)
    await page.fill('[name=password]', host.user.password)
  }
  await press(page, 'Start')
  await follow(page, flow === 'form-post' && !scripts)
}

/** The labels of a chapter, in the diagram and in the list below it: they must be the same. */
async function labels(chapter) {
  const drawn = await chapter.locator('svg.wide .label').allTextContents()
  const listed = await chapter.locator('.steps > ol > li > p > strong').allTextContents()
  assert.deepEqual(drawn, listed)
  const named = await chapter.locator('svg.wide .named').allTextContents()
  assert.deepEqual(named, await chapter.locator('.steps > ol > li > h3').allTextContents())
  return drawn
}

/** The page is no wider than the window; what is wide scrolls inside it. */
async function fits(page) {
  const [width, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
  assert(width <= window, `${page.url()} is ${width} pixels wide in a window of ${window}`)
}

/** Codes, tokens, verifiers and secrets have 43 characters or more; the page's own form has one, and no more. */
async function showsNoSecret(page) {
  const html = (await page.content()).replace(/name="csrf" value="[^"]*"/g, '')
  const long = (html.match(/[A-Za-z0-9_-]{40,}/g) ?? []).filter((text) => /[A-Z0-9]/.test(text))
  assert.deepEqual(long, [])
  assert(!html.includes(host.user.password), 'the password is on the page')
}

for (const [flow, chapters] of Object.entries(flows)) {
  for (const javaScriptEnabled of flow === 'implicit' ? [true] : [true, false]) {
    test(`${flow} ${javaScriptEnabled ? 'with' : 'without'} scripts`, () => visit({ javaScriptEnabled }, async (page) => {
      for (const [index, [button, steps, wait]] of chapters.entries()) {
        if (wait) await sleep(wait)
        if (index === 0) {
          await start(page, flow, javaScriptEnabled)
        } else if (/type the code/.test(button)) {
          await connect(page, button)
        } else {
          await press(page, button)
          if (/^Ask the resource owner/.test(button)) await follow(page)
          await page.waitForSelector(`#chapter-${index + 1}`)
        }
        const chapter = page.locator('.chapter').nth(index)
        const found = await labels(chapter)
        assert.equal(found.length, steps.length, `${button}: ${found.join(' | ')}`)
        found.forEach((label, at) => assert.match(label, steps[at], `${button}: ${found.join(' | ')}`))
        await showsNoSecret(page)
        await fits(page)
        if (javaScriptEnabled) {
          await chapter.locator('svg.wide').screenshot({ path: `${screenshots}${flow}-${index + 1}.png` })
        }
      }
    }))
  }
}

/** Moves on by the Tab key until the focus is on what has this name, and presses Enter there. */
async function reach(page, name) {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const element = document.activeElement
      const { outlineStyle, outlineWidth } = getComputedStyle(element)
      return { name: element.labels?.[0]?.textContent ?? element.textContent, outlineStyle, outlineWidth }
    })
    if (focused.name.trim() !== name) continue
    assert.equal(focused.outlineStyle, 'solid', `${name}: the focus is visible`)
    return
  }
  assert.fail(`${name} cannot be reached by keyboard on ${page.url()}`)
}

test('by keyboard alone', () => visit({}, async (page) => {
  await page.goto(`${host.issuer}/playground`)
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content')
  await reach(page, 'Authorization code with PKCE')
  await page.keyboard.press('Enter')
  await page.waitForURL(/playground\/code/)
  await reach(page, 'Start')
  await page.keyboard.press('Enter')
  await page.waitForURL(/authorize/)
  // The field takes the focus by itself, some time after the page is there.
  await page.waitForFunction(() => document.activeElement?.name === 'username')
  await page.keyboard.type(host.user.username)
  await reach(page, 'Password')
  await page.keyboard.type(host.user.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(/consent/)
  await reach(page, 'Allow')
  await page.keyboard.press('Enter')
  await page.waitForURL(/playground\/run/)
  await reach(page, 'The same in 23 steps, with every message')
  await page.keyboard.press('Enter')
  assert(await page.getByText('Fetch: POST /token').last().isVisible(), 'the list opens')
  await reach(page, 'List photos with the token')
  await page.keyboard.press('Enter')
  await page.waitForSelector('#chapter-2')
  assert.match(await page.locator('.outcome').last().textContent(), /takes the token/)
}))

test('a person who denies sees what the client is told', () => visit({}, async (page) => {
  await page.goto(`${host.issuer}/playground/code`)
  await press(page, 'Start')
  await page.fill('[name=username]', host.user.username)
  await page.fill('[name=password]', host.user.password)
  await press(page, 'Log in')
  await press(page, 'Deny')
  await page.waitForURL(/playground\/run/)
  assert.match(await page.locator('.outcome').textContent(), /access_denied/)
  assert(!(await page.locator('svg.wide').textContent()).includes('POST /token'), 'nothing was sent')
  assert.equal(await page.getByRole('button').count(), 0, 'there is nothing to go on with')
}))

test('a button that is pressed twice, a reload and the back button lead on', () => visit({}, async (page) => {
  const chapters = () => page.locator('.chapter').count()
  await page.goto(`${host.issuer}/playground/code`)
  await page.getByRole('button', { name: 'Start' }).dblclick()
  await follow(page)
  assert.match(await page.locator('.outcome').last().textContent(), /access token/)
  const run = page.url()
  await page.getByRole('button', { name: 'List photos with the token', exact: true }).dblclick()
  await page.waitForSelector('#chapter-2')
  await page.reload()
  assert.equal(await chapters(), 2, 'what is pressed twice is done once')
  // Back through the callback and forth again: nothing is exchanged a second time, and nothing is lost.
  for (let steps = 0; steps < 3; steps++) await page.goBack().catch(() => {})
  await page.goto(run)
  assert.equal(await chapters(), 2)
  await press(page, 'List photos with the token')
  await page.waitForSelector('#chapter-3')
  assert.match(await page.locator('.outcome').last().textContent(), /takes the token/)
}))

test('two tabs walk through two runs, each with its own steps', () => visit({}, async (page) => {
  await start(page, 'code') // logged in, so that each tab has to be allowed and no more
  const tabs = [page, await page.context().newPage()]
  for (const tab of tabs) {
    await tab.goto(`${host.issuer}/playground/code`)
    await press(tab, 'Start')
    await tab.waitForURL(/authorize|consent/)
  }
  for (const tab of tabs) {
    await press(tab, 'Allow')
    await tab.waitForURL(/playground\/run/)
    const found = await labels(tab.locator('.chapter').first())
    assert(found.includes('Fetch: POST /token') && found.includes('Decide: Commit'), found.join(' | '))
  }
  assert.notEqual(tabs[0].url(), tabs[1].url())
}))

test('without scripts, the implicit flow ends at its callback and says why', () => visit({ javaScriptEnabled: false }, async (page) => {
  await page.goto(`${host.issuer}/playground/implicit`)
  await press(page, 'Start')
  await page.fill('[name=username]', host.user.username)
  await page.fill('[name=password]', host.user.password)
  await press(page, 'Log in')
  await press(page, 'Allow')
  await page.waitForURL(/callback\/implicit/)
  assert.match(await page.innerText('main'), /runs no scripts/)
}))

for (const [size, viewport] of [['phone', phone], ['desktop', desktop]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`the pages fit a ${size} in ${colorScheme} colours`, () => visit({ viewport, colorScheme }, async (page) => {
      const look = async (name) => {
        await fits(page)
        await page.screenshot({ path: `${screenshots}page-${name}-${size}-${colorScheme}.png`, fullPage: true })
      }
      await page.goto(`${host.issuer}/playground`)
      assert.equal(await page.locator('.flows a').count(), Object.keys(flows).length, 'a test for each flow')
      await look('index')
      await page.goto(`${host.issuer}/playground/password`)
      await look('flow')
      await start(page, 'client-credentials')
      await press(page, 'Add a photo with the token')
      await page.locator('summary').first().click()
      await page.locator('.steps summary').nth(1).click()
      await look('run')
      await legible(page)
      await start(page, 'pushed')
      assert.equal(await page.locator('.walk li').count(), 12)
      await page.locator('summary').first().click()
      await look('walk')
      await legible(page)
    }))
  }
}

/** Headings are in order, and every text stands out from what is behind it. */
async function legible(page) {
  const headings = await page.locator('h1, h2, h3').evaluateAll((all) => all.map(({ tagName }) => Number(tagName[1])))
  headings.forEach((level, at) => assert(level <= (headings[at - 1] ?? 0) + 1, `headings in order: ${headings}`))
  for (const [element, on] of await contrasts(page)) {
    assert(on >= 4.5, `${element} has a contrast of ${on.toFixed(2)}`)
  }
}

/** WCAG 2.2 §1.4.3: the contrast of every text with what is behind it. */
const contrasts = (page) => page.evaluate(() => {
  const parse = (color) => color.match(/[\d.]+/g).map(Number)
  const luminance = ([red, green, blue]) => {
    const linear = [red, green, blue].map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
  }
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor)
      if (color[3] !== 0) return color
    }
    return [255, 255, 255]
  }
  const texts = [...document.querySelectorAll('main *, header *, footer')].filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()))
  return texts.filter((element) => !element.closest('title')).map((element) => {
    const style = getComputedStyle(element)
    // A number stands on its spot, not on the page.
    const spot = element.matches('.number') && element.parentElement.querySelector('.spot')
    const ground = luminance(spot ? parse(getComputedStyle(spot).fill) : behind(element))
    const ink = luminance(parse(element.closest('svg') ? style.fill : style.color))
    const [light, dark] = ink > ground ? [ink, ground] : [ground, ink]
    return [`${element.tagName} ${element.textContent.slice(0, 30)}`, (light + 0.05) / (dark + 0.05)]
  })
})
