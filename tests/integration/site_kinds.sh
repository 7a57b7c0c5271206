# shellcheck shell=bash
# Sites of every kind, for site_page_info: plain, TLS by name, unix listener, PROXY protocol, redirect, one that is shadowed, one that is dead.
# With the lab's helpers and the suite's variables. /etc/nginx/lab.pem has a key and a certificate.
params="root /var/www/shop; include fastcgi_params; fastcgi_param SCRIPT_FILENAME \$document_root\$fastcgi_script_name;"
php="location ~ \\.php\$ { $params fastcgi_pass $PASS; }"
tls="ssl_certificate /etc/nginx/lab.pem; ssl_certificate_key /etc/nginx/lab.pem;"
cat >/etc/nginx/conf.d/zz-pages.conf <<SITES
server { listen 8443 ssl default_server; server_name other.example; $tls return 418; }
server { listen 8443 ssl; server_name secure.example; $tls $php }
server { listen unix:/run/nginx-lab.sock; server_name inner.example; $php }
server { listen 8081 proxy_protocol; server_name proxied.example; $php }
server { listen 8082; server_name moved.example; location = /index.php { return 301 http://192.0.2.1/; } $php }
server { listen 8083; server_name twice.example; return 418; }
server { listen 8083; server_name twice.example; $php }
server { listen 8084; server_name dead.example; location / { $params fastcgi_pass unix:/run/nobody.sock; } }
server { listen 8085; server_name ~^any; $php }
SITES
nginx_reload
