/** Where Prometheus asks a live bridge: HTTP, `/metrics` and nothing else. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LiveCounters } from '../pipeline/live-counters.js'
import { metricsOf } from './metrics.js'

/** An address to listen at. */
export interface Endpoint {
  address: string
  port: number
}

/** It answers until it is closed. */
export interface MetricsServer {
  close(): void
}

const PATH = '/metrics'

/** Listens at the endpoint for the bridge of this name. Rejects with a system error. */
export async function serveMetrics(
  { address, port }: Endpoint,
  bridge: string,
  count: () => Promise<LiveCounters>,
): Promise<MetricsServer> {
  const server = createServer((request, response) => void answer(request, response, bridge, count))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, address, resolve)
  })
  return {
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer(
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
  bridge: string,
  count: () => Promise<LiveCounters>,
): Promise<void> {
  const end = (status: number, type: string, text: string): void =>
    void response
      .writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
      .end(text)
  const plain = 'text/plain; charset=utf-8'
  if (url.split('?')[0] !== PATH) return end(404, plain, `expected ${PATH}\n`)
  if (method !== 'GET' && method !== 'HEAD') return end(405, plain, 'expected GET\n')
  try {
    const { type, text } = await metricsOf(bridge, await count())
    end(200, type, text)
  } catch (error) {
    end(503, plain, `${(error as Error).message}\n`)
  }
}
