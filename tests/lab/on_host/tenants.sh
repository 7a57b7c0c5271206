# shellcheck shell=bash
# Helpers of the scripts for hosts of several customers. They use the suite's variables (suites.yml) and image/lib.sh.

# tenant NAME [LINE...]: the site NAME.example, whose files and pool are an account's of that name. The lines go into the pool; `loaded` loads it.
tenant() {
    local name=$1
    shift
    useradd --create-home "$name"
    pool "$name" "$RUN_DIR/$name.sock" "$@"
    sed -i "s/^\(user\|group\) = .*/\1 = $name/" "$POOL_DIR/$name.conf"
    cp -r /var/www/shop "/var/www/$name"
    chown -R "$name:$name" "/var/www/$name"
    site "$name" "unix:$RUN_DIR/$name.sock"
}

# loaded: all that is written runs.
loaded() {
    systemctl restart "$FPM_UNIT"
    nginx_reload
}
