// The reference host, and a user agent that reads its pages as a browser without scripts does.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { load } from 'cheerio'
import * as oauth from 'oauth4webapi'

const ANY_PORT = ['--listen', '127.0.0.1:0']

export const alice = { username: 'alice', password: 'correct horse battery staple' }

/** Starts a host on a free port, with `memory` or `sqlite` for a store, and a configuration of this folder. */
export async function startHost(store, config = 'host.toml') {
  const directory = mkdtempSync(join(tmpdir(), 'grantor-js-'))
  const args = [...ANY_PORT, '--config', new URL(`../${config}`, import.meta.url).pathname]
  args.push('--store', store === 'sqlite' ? `sqlite:${join(directory, 'host.db')}` : store)
  const { url: issuer, stop } = await start('REFERENCE_HOST', args)
  const discovery = { algorithm: 'oauth2', [oauth.allowInsecureRequests]: true }
  const metadata = await oauth.discoveryRequest(new URL(issuer), discovery)
  return {
    /** What the metadata says, its issuer compared (RFC 8414 §3.3). */
    server: await oauth.processDiscoveryResponse(new URL(issuer), metadata),
    async stop() {
      await stop()
      rmSync(directory, { recursive: true })
    },
  }
}

/** Starts the demo: what runs without a configuration. Its user's password is new each time. */
export async function startDemo() {
  const { url: issuer, printed, stop } = await start('REFERENCE_HOST', ANY_PORT)
  const [, username, password] = printed.match(/user +(\S+), password (\S+)/)
  return { issuer, user: { username, password }, stop }
}

/** Starts the program that an environment variable names, on a free port; the answer has the URL that it prints. */
export async function start(variable, args, env = {}) {
  const binary = process.env[variable]
  assert(binary, `${variable} must name a binary; tests/run builds it and sets it`)
  const log = process.env.HOST_LOG ? openSync(process.env.HOST_LOG, 'a') : 'inherit'
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', log], env: { ...process.env, ...env } })
  const ended = new Promise((resolve) => child.once('close', resolve))
  let url
  let printed = ''
  for await (const line of createInterface(child.stdout)) {
    printed += `${line}\n`
    url = line.match(/listening on (http:\S+)/)?.[1]
    if (url) break
  }
  assert(url, 'the program ended before it was listening')
  child.stdout.resume() // a full pipe would stop it
  return {
    url,
    printed,
    async stop() {
      child.kill()
      await ended
    },
  }
}

/** An authorization request with PKCE: its URL, and what the client remembers of it. */
export async function authorizationRequest(server, client_id, redirect_uri, scope) {
  const code_verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = new URL(server.authorization_endpoint)
  url.search = new URLSearchParams({
    client_id, redirect_uri, scope, state,
    response_type: 'code',
    code_challenge: await oauth.calculatePKCECodeChallenge(code_verifier),
    code_challenge_method: 'S256',
  })
  return { url, code_verifier, state }
}

/** Alice signs in and decides; the answer is where she is then redirected to, which is not visited. */
export async function decide(url, decision) {
  const agent = new UserAgent()
  const login = await agent.visit(url)
  const consent = await agent.submit(login, alice)
  const redirected = await agent.submit(consent, { decision })
  assert(redirected instanceof URL, 'the decision leads back to the client')
  return redirected
}

/** Alice signs in and approves; the answer is what her browser would then post to the client, which is not sent. */
export async function approveByForm(url) {
  const agent = new UserAgent()
  const { $ } = await agent.submit(await agent.submit(await agent.visit(url), alice), { decision: 'approve' })
  const form = $('form')
  assert.equal(form.attr('method'), 'post')
  const body = new URLSearchParams(form.serializeArray().map(({ name, value }) => [name, value]))
  return new Request(form.attr('action'), { method: 'POST', body })
}

/** Alice types in what a device shows, signs in and decides; the answer is the heading of the page that tells her. */
export async function connect(page, user_code, decision) {
  const agent = new UserAgent()
  const login = await agent.submit(await agent.visit(page), { user_code })
  const consent = await agent.submit(login, alice)
  assert(consent.$('main').text().includes(user_code), 'the consent page shows the code')
  const { $ } = await agent.submit(consent, { decision })
  return $('h1').text()
}

class UserAgent {
  #cookies = new Map()

  /** Follows redirects to the end: a page, or the URL of another origin. */
  async visit(url, init = {}) {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(url, { ...init, redirect: 'manual', headers: cookie ? { cookie } : {} })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/)
      this.#cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (!location) return { url, $: load(await response.text()) }
    assert.equal(response.status, 303)
    const target = new URL(location, url)
    return target.origin === new URL(url).origin ? this.visit(target) : target
  }

  /** Submits the one form of a page as it is found, with these fields filled in. */
  submit({ url, $ }, fields) {
    const form = $('form')
    assert.equal(form.length, 1, `the page has one form: ${$('body').text()}`)
    assert.equal(form.attr('method')?.toLowerCase(), 'post')
    for (const name of Object.keys(fields)) assert(form.find(`[name=${name}]`).length, `the form has a field ${name}`)
    const body = new URLSearchParams(form.serializeArray().map(({ name, value }) => [name, value]))
    for (const [name, value] of Object.entries(fields)) body.set(name, value)
    return this.visit(new URL(form.attr('action') ?? '', url), { method: 'POST', body })
  }
}
