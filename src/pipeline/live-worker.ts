/** The worker of a live bridge, which loads what it will need before anybody knows what it is to do. */
import { Worker } from 'node:worker_threads'

/** Begins it. Nobody waits for its end before it has been told what to do. */
export function prepareWorker(): Worker {
  const worker = new Worker(new URL('./crank.js', import.meta.url))
  worker.unref()
  return worker
}
