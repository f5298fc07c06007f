// A browser for servers that ask nobody: it goes where it is sent. The last argument is the URL.
await fetch(process.argv.at(-1))
