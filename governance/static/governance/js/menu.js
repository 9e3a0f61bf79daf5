// On a phone the menu is one row that scrolls: bring the current entry into sight.
const current = document.querySelector('.site-nav [aria-current="page"]');
if (current) current.parentElement.scrollLeft = current.offsetLeft - current.parentElement.offsetLeft - 16;
