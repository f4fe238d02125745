// A test that makes the console complain fails, so that React's and Lumino's warnings are read.
// A test that expects a complaint replaces console.error itself, with jest.spyOn.
const { format } = require('util');

const original = console.error;
let complaints = [];

beforeEach(() => {
  complaints = [];
  console.error = (...args) => {
    complaints.push(format(...args));
  };
});

afterEach(() => {
  console.error = original;
  if (complaints.length > 0) {
    throw new Error(`console.error was called:\n${complaints.join('\n')}`);
  }
});
