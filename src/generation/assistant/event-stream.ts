/** A stream that one side pushes into and another reads with `for await`; leaving the loop early tells the first. */

export class EventStream<Event> implements AsyncIterableIterator<Event> {
  private readonly events: Event[] = []
  private readonly onLeave: () => void
  private wake: (() => void) | undefined
  private closed = false
  private failure: { readonly error: unknown } | undefined

  /** @param onLeave  called once when the reader leaves before the end */
  constructor(onLeave: () => void) {
    this.onLeave = onLeave
  }

  push(event: Event): void {
    this.events.push(event)
    this.wake?.()
  }
  /** No more events will come. */
  close(): void {
    this.closed = true
    this.wake?.()
  }
  /** The reader gets the events so far, then this error. */
  fail(error: unknown): void {
    this.failure = { error }
    this.close()
  }

  async next(): Promise<IteratorResult<Event, undefined>> {
    while (this.events.length === 0 && !this.closed)
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    if (this.events.length > 0) return { value: this.events.shift() as Event, done: false }
    const { failure } = this
    this.failure = undefined
    if (failure) throw failure.error
    return { value: undefined, done: true }
  }
  async return(): Promise<IteratorResult<Event, undefined>> {
    if (!this.closed) this.onLeave()
    this.closed = true
    this.failure = undefined
    this.events.length = 0
    return { value: undefined, done: true }
  }
  [Symbol.asyncIterator](): this {
    return this
  }
}
