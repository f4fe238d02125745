// What Azurite loads and the tests do not use: telemetry and the drivers of databases, four fifths of its weight.
module.exports = {};
