// The implicit flow's answer stands in the fragment, which a browser does not send. A real application would keep the
// token in this script; the playground's hands it on, so that it can be shown what happens to it.
const form = document.getElementById('fragment')
form.elements.fragment.value = location.hash.slice(1)
history.replaceState(null, '', location.pathname)
form.submit()
