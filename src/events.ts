/**
 * Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) from the body of a response:
 * the data of each, one after the other. `EventSource` would not do: it cannot be given the headers that a hub wants.
 */
export class EventReader {
  constructor(private readonly _body: ReadableStream<Uint8Array>) {}

  async *events(): AsyncGenerator<string, void, undefined> {
    const reader = this._body.getReader();
    const decoder = new TextDecoder();
    const lines = new EventLines();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) {
          return;
        }
        yield* lines.take(decoder.decode(value, { stream: true }));
      }
    } finally {
      // Whoever stops reading wants no more of it.
      await reader.cancel().catch(() => undefined);
    }
  }
}

/**
 * Cuts text that comes in pieces into events.
 */
export class EventLines {
  /**
   * The data of the events that a piece completes.
   */
  take(piece: string): string[] {
    this._rest += piece;
    const events = this._rest.split(/\r\n\r\n|\n\n|\r\r/);
    this._rest = events.pop() ?? '';
    return events
      .map(event =>
        event
          .split(/\r\n|\n|\r/)
          .filter(line => line.startsWith('data:'))
          .map(line => line.slice(5).replace(/^ /, ''))
          .join('\n')
      )
      .filter(data => data !== '');
  }

  private _rest = '';
}
